"""Patterns: a text is refused in time that grows with its length, and no faster."""

import json
from collections.abc import Iterator

import pytest

from tests.unit.patterns import (
    ROOT,
    Pattern,
    patterns_of_code,
    patterns_of_schema,
    slow_input,
)


def patterns() -> list[Pattern]:
    """Return every pattern of the product once."""
    found = {(p.text, p.searched): p for p in (*patterns_of_code(), *of_contract())}
    return list(found.values())


def of_contract() -> Iterator[Pattern]:
    """Yield the patterns of the contract, by which API Gateway validates, too."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    yield from patterns_of_schema(document, "docs/openapi.json")


@pytest.mark.fault(87)
@pytest.mark.parametrize("pattern", patterns(), ids=lambda p: f"{p.place} {p.text!r}")
def test_a_pattern_takes_linear_time(pattern: Pattern) -> None:
    """A request of thirty slashes could otherwise keep a function until it ends."""
    assert slow_input(pattern) is None


def test_all_patterns_are_found() -> None:
    """A pattern that is not seen is not measured."""
    found = {pattern.text for pattern in patterns()}

    assert r"\+91[0-9]{10}" in found  # passed to a function of ours
    assert rb"[0-9A-Fa-f]{1,16}" in found  # of bytes
    assert "<x>([^<]*)</x>" in found  # an f-string
    assert (
        sum("kyc-by-mobile" in str(text) for text in found) == 1
    )  # the contract's key


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(r"^(ipqs/(email))/([^\x00-\x1f]*/)*[^/\x00-\x1f]+$", id="folders"),
        pytest.param(r"^(a+)+$", id="nested"),
        pytest.param(r"^(\w|\d\d?)*$", id="overlapping"),
        pytest.param(r"^[a-z]*[a-y]*x$", id="adjacent"),
        pytest.param(r"<x>(.*?)</x>", id="many beginnings"),
        pytest.param(r"\s+$", id="trailing"),
    ],
)
def test_a_slow_pattern_is_recognized(text: str) -> None:
    """The measurement itself must be able to fail."""
    assert slow_input(Pattern(text, searched=True, place="")) is not None
