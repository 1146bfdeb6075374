"""A cursor comes back as it went out, or is refused."""

import base64
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from functions.api.cursor import CursorUnreadable, Position, decode, encode

FILTERS = {"outcome": "failed", "provider": ""}
positions = st.builds(
    Position,
    month=st.dates().filter(lambda d: d.year >= 1000).map(lambda d: f"{d:%Y-%m}"),
    received_at=st.floats(min_value=0, max_value=9e10),
    job_id=st.just("") | st.text("0123456789abcdef", min_size=64, max_size=64),
)


@given(position=positions)
def test_comes_back(position: Position) -> None:
    """Whatever the place, the list goes on there."""
    assert decode(encode(position, FILTERS), FILTERS) == position


@given(position=positions, at=st.integers(min_value=0), by=st.characters())
def test_a_changed_character_is_noticed(position: Position, at: int, by: str) -> None:
    """A list that goes on elsewhere leaves jobs out, and nobody notices."""
    text = encode(position, FILTERS)
    at %= len(text)
    changed = text[:at] + by + text[at + 1 :]
    assume(changed != text)

    with pytest.raises(CursorUnreadable):
        decode(changed, FILTERS)


@given(text=st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_nothing_else_is_one(text: str) -> None:
    """Whatever a client sends, it is refused and not a failure of ours."""
    with pytest.raises(CursorUnreadable):
        decode(text, FILTERS)


def test_is_good_for_its_filters_only() -> None:
    """The same place in another list is another place."""
    text = encode(Position(month="2026-11"), FILTERS)

    with pytest.raises(CursorUnreadable):
        decode(text, {**FILTERS, "provider": "ipqs"})


@pytest.mark.parametrize(
    "place",
    [
        ["2026-13", 1.0, ""],
        ["2026-11", float("nan"), ""],
        ["2026-11", float("inf"), ""],
        ["2026-11", -1.0, ""],
        ["2026-11", 1.0, "../x"],
        ["2026-11", 1.0, 7],
        ["2026-11", 1.0],
        [["2026-11"], 1.0, ""],
        {},
        7,
    ],
    ids=repr,
)
def test_a_forged_place_is_refused(
    monkeypatch: pytest.MonkeyPatch, place: object
) -> None:
    """The sum is no secret: what it covers is checked all the same."""
    monkeypatch.setattr("functions.api.cursor._checksum", lambda *_: b"123456789")
    forged = base64.urlsafe_b64encode(b"123456789" + json.dumps(place).encode())

    with pytest.raises(CursorUnreadable):
        decode(forged.decode().rstrip("="), FILTERS)
