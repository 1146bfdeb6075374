"""A cursor is read as the position that it was made from, or is refused."""

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
def test_a_cursor_is_read_as_its_position(position: Position) -> None:
    """The next page must begin exactly there."""
    assert decode(encode(position, FILTERS), FILTERS) == position


@given(position=positions, index=st.integers(min_value=0), character=st.characters())
def test_a_changed_character_is_noticed(
    position: Position, index: int, character: str
) -> None:
    """A list that continues elsewhere leaves jobs out, and nobody notices."""
    text = encode(position, FILTERS)
    index %= len(text)
    changed = text[:index] + character + text[index + 1 :]
    assume(changed != text)

    with pytest.raises(CursorUnreadable):
        decode(changed, FILTERS)


@given(text=st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_any_other_text_is_refused(text: str) -> None:
    """A client's mistake must not become a server error."""
    with pytest.raises(CursorUnreadable):
        decode(text, FILTERS)


def test_a_cursor_is_valid_for_its_filters_only() -> None:
    """The same position is another place in a list with other filters."""
    text = encode(Position(month="2026-11"), FILTERS)

    with pytest.raises(CursorUnreadable):
        decode(text, {**FILTERS, "provider": "ipqs"})


@pytest.mark.parametrize(
    "values",
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
def test_a_forged_position_is_refused(
    monkeypatch: pytest.MonkeyPatch, values: object
) -> None:
    """The checksum is not a secret, so the position is checked as well."""
    monkeypatch.setattr("functions.api.cursor._checksum", lambda *_: b"123456789")
    forged = base64.urlsafe_b64encode(b"123456789" + json.dumps(values).encode())

    with pytest.raises(CursorUnreadable):
        decode(forged.decode().rstrip("="), FILTERS)
