"""The list of corrections agrees with the code, and finds those that can go."""

import pytest

from local.emulator import registry
from tools import corrections


def test_the_document_lists_every_correction_once() -> None:
    """Run `make corrections`: a correction that is not listed cannot be judged."""
    text = corrections.DOCUMENT.read_text()

    assert corrections.with_table(text) == text
    for name in registry.names():
        assert text.count(f"\n| `{name}` |") == 1


def test_every_correction_says_what_aws_does_and_has_a_test() -> None:
    """`--leave-out` can show that each correction is still needed."""
    for correction in corrections.corrections():
        assert correction.fact, correction.name
        assert "https://" in correction.source or "POST" in correction.source
        assert correction.tests, correction.name


def test_every_mark_names_a_correction() -> None:
    """A misspelt mark would hold nothing."""
    assert corrections._tests().keys() == set(registry.names())


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ("4 xfailed, 208 deselected in 3.00s", "needed"),
        ("1 failed, 3 xfailed in 3.00s", "needed, but 1 of its tests"),
        ("4 failed, 208 deselected in 3.00s", "NOT NEEDED"),
        ("4 errors in 3.00s", "needed: nothing starts"),
        ("212 deselected in 3.00s", "unknown"),
        ("", "unknown"),
    ],
)
def test_tests_that_pass_without_a_correction_say_so(summary: str, said: str) -> None:
    """With a strict expectation of failure, pytest calls these `failed`."""
    assert corrections.verdict(summary).startswith(said)
