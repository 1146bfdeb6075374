"""Result proof: show by its beginning that what a link led to is a result of IPQS.

A host answers 200 to a link that has expired with any page, text or JSON, so nothing
is taken for a result because it looks like none of these. Which columns a result has
is not documented: docs/providers/ipqs.md, section 6.
"""

import csv
import io
import ipaddress
import re
from collections.abc import Callable, Collection, Mapping, Sequence

from functions.core.errors import ResultNotATable, TransferIncomplete

#: How a column may be named: a few words, no markup and no sentence.
_NAME = re.compile(r"[\w#(*%][^\x00-\x1f<>{}\[\]]{0,99}(?<![.!])")
_MAX_WORDS = 8
_DELIMITERS = ",;\t|"
_EMAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\".]+(\.[^\s@,;<>\".]+)+")
_URL = re.compile(
    r"[a-z][a-z0-9+.\-]*://\S+|([\w\-]+\.)+[^\W\d_][\w\-]+(:\d+)?([/?#]\S*)?",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?!\d{4}-\d\d-\d\d)\+?(?:[ ().\-/]*\d){7,15}")


def prove_table(
    head: bytes, *, is_whole: bool, type_: str, value_columns: Collection[str]
) -> None:
    """Raise unless a body that begins with `head` is shown to be a result.

    It is one if it has a header and only rows of the header's width, and either a
    column of the header has one of the names `value_columns` (lower-case letters), or
    the table has several columns and a value of the type. Without `is_whole` there is
    more than the head, which may cut its last row.

    Raises:
        TransferIncomplete: The body is empty.
        ResultNotATable: Nothing shows that it is a result.
    """
    if not head:
        raise TransferIncomplete("the result is empty")
    header, *rows = _records(head, is_whole=is_whole) or [[]]
    if not _is_header(header) or _has_value(header, type_):
        raise ResultNotATable("what came does not begin with a header")
    if any(len(row) != len(header) for row in rows):
        raise ResultNotATable("what came has rows of another width than its header")
    # A sentence has spaces after its commas.
    is_named = not any(cell != cell.strip() for cell in header) and any(
        _letters(cell) in value_columns for cell in header
    )
    if is_named or (len(header) > 1 and any(_has_value(row, type_) for row in rows)):
        return
    raise ResultNotATable("what came has neither a value nor the name of its column")


def _records(head: bytes, *, is_whole: bool) -> Sequence[Sequence[str]]:
    """Return the records of the head that are whole and not blank."""
    text = head.decode("utf-8-sig", "replace")
    first_line = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    whole = records if is_whole else records[:-1]
    return [record for record in whole if any(map(str.strip, record))]


def _is_header(cells: Sequence[str]) -> bool:
    names = list(filter(None, map(str.strip, cells)))
    return bool(names) and all(
        _NAME.fullmatch(name) and len(name.split()) <= _MAX_WORDS for name in names
    )


def _has_value(cells: Sequence[str], type_: str) -> bool:
    is_value = _IS_VALUE.get(type_)
    return is_value is not None and any(is_value(cell.strip()) for cell in cells)


def _letters(cell: str) -> str:
    return "".join(filter(str.isalpha, cell)).casefold()


def _is_address(cell: str) -> bool:
    try:
        ipaddress.ip_address(cell)
    except ValueError:
        return False
    return True


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda cell: pattern.fullmatch(cell) is not None


#: What a value of a type looks like; of other types anything can be a value.
_IS_VALUE: Mapping[str, Callable[[str], bool]] = {
    "email": _matches(_EMAIL),
    "leaked_email": _matches(_EMAIL),
    "phone": _matches(_PHONE),
    "proxy": _is_address,
    "url": _matches(_URL),
}
