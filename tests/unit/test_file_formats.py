"""File formats: the suffix of a name stands for a media type."""

import pytest

from functions.core.file_formats import media_type_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("ipqs/email/0/June.CSV", "text/csv", id="CSV"),
        pytest.param("txncheck/full-check/0/file.json", "application/json", id="JSON"),
        pytest.param("file.jsonl", "application/jsonl", id="JSON Lines"),
        pytest.param("file.txt", "text/plain", id="text"),
        pytest.param("file.tsv", "text/tab-separated-values", id="TSV"),
        pytest.param(
            "June.XLSX",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            id="workbook",
        ),
        pytest.param("json", "application/octet-stream", id="no suffix"),
    ],
)
def test_the_suffix_decides_the_media_type(name: str, expected: str) -> None:
    """The S3 console opens an upload by its media type."""
    assert media_type_of(name) == expected
