"""Safe cells: write what a spreadsheet would compute as the text that it is."""

from collections.abc import Sequence

from functions.joining.database import name

#: What makes a cell a formula if it begins with it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_columns(names: Sequence[str]) -> str:
    """Return the columns with an apostrophe before what a spreadsheet would compute."""
    record, *others = names
    columns = [name(record)]
    for title in others:
        cell, safe = name(title), f"'{title}" if title.startswith(_FORMULA) else title
        formula = " OR ".join(f"left({cell}, 1) = chr({ord(c)})" for c in _FORMULA)
        columns.append(f"if({formula}, chr(39) || {cell}, {cell}) AS {name(safe)}")
    return ", ".join(columns)
