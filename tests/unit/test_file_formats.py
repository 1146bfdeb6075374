"""Forms: what a file is, by its name."""

import pytest

from functions.core.file_formats import media_type_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("ipqs/email/0/June.CSV", "text/csv", id="a list"),
        pytest.param("txncheck/full-check/0/file.json", "application/json", id="JSON"),
        pytest.param("file.jsonl", "application/jsonl", id="JSON Lines"),
        pytest.param("json", "application/octet-stream", id="no ending"),
    ],
)
def test_the_ending_says_what_a_file_is(name: str, expected: str) -> None:
    """Whoever opens an upload in the console gets it as what it is."""
    assert media_type_of(name) == expected
