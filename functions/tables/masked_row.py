"""Masked row: take out of a provider's row whatever tells the value that it is about.

What a provider returns, and in which words, is not documented: so every cell is looked
at, not only the column in which the values are.
"""

from collections.abc import Mapping

from functions.tables.values import match_key, unfit_reason

#: Fewer digits of a number, or letters of a value, are no sign of it.
_LEAST_IN_COMMON = 5


def masked_row(type_: str, value: str, row: Mapping[str, str]) -> dict[str, str | None]:
    """Return a row in which no cell tells the value.

    A cell that is the value, in whatever form, becomes None; one in which the value
    stands, or enough of it to find the rest, becomes "".
    """
    key = match_key(type_, value)
    return {name: _masked(type_, value, key, cell) for name, cell in row.items()}


def _masked(type_: str, value: str, key: str, cell: str) -> str | None:
    if cell == value:
        return None
    if not unfit_reason(type_, cell) and match_key(type_, cell) == key:
        return None
    return "" if _tells(value, cell) else cell


def _tells(value: str, cell: str) -> bool:
    """Return whether a cell has the value in it, its digits, or what is before its @.

    Punctuation and leading zeros do not count: in these the forms of one number differ.
    """
    whole, other = _plain(value), _plain(cell)
    if len(whole) >= _LEAST_IN_COMMON and whole in other:
        return True
    before_at, at, _ = value.partition("@")
    if at and other == _plain(before_at):
        return True
    return len(other) >= _LEAST_IN_COMMON and other.isdecimal() and other in whole


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold())).lstrip("0")
