"""Value column: find the column of the values, and say if there is a header."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from functions.core.errors import SourceColumnUnclear, SourceEmpty
from functions.tables.reader import ReadOptions
from functions.tables.values import (
    VALUE_TYPES,
    column_names,
    is_value,
    simple_name,
    unfit_reason,
    value_rule,
)

#: The most columns that an error lists.
_LISTED_COLUMNS = 20
#: What most values of a type have, and what other codes and names have not.
_SIGNS = {"phone": "+", "url": "://"}


@dataclass(frozen=True)
class ValueColumn:
    """Where the values are: the column's index from 0, and its name if it has one."""

    index: int
    name: str
    has_header: bool


def choose_value_column(
    sample: Sequence[Sequence[str]], type_: str, options: ReadOptions
) -> ValueColumn:
    """Return the value column of a table by its first records, blank ones left out.

    A column that `options` names is taken. Otherwise it is the one that the header
    calls by a name of the type, if at least half of its cells fit; then the one in
    which most cells fit, if no other has more than half as many that do. The first
    record is a header unless its cell in the value column fits; it certainly is one if
    it has the name that is given, and `options` may say so, or that it is none.

    Raises:
        SourceEmpty: There is no record besides a header.
        SourceColumnUnclear: No column fits, or several do, and none is named.
    """
    if not sample:
        raise SourceEmpty("the file holds nothing")
    first = sample[0]
    may_be_header = options.header is not False
    if len(sample) == 1 and may_be_header:
        if options.header or not any(is_value(type_, cell) for cell in first):
            raise SourceEmpty("the file holds only a header")
        may_be_header = False
    body = sample[1:] if may_be_header else sample
    cells = [cell.strip().casefold() for cell in first]
    given = options.column.strip().casefold()
    if given:
        index = _index_of(given, cells, width=max(map(len, sample)))
    else:
        columns = _columns(body, type_)
        names = column_names(type_) if may_be_header else frozenset()
        named = [
            column
            for column, cell in zip(columns, first, strict=False)
            if simple_name(cell) in names and column.is_fit
        ]
        if not any(column.is_fit for column in columns):
            columns = _columns(sample, type_)  # then no record is a header
        index = _best(named if len(named) == 1 else columns, type_, sample).number - 1
    cell = first[index].strip() if index < len(first) else ""
    has_header = options.header
    if has_header is None:
        is_named = given != "" and given in cells
        has_header = is_named or not is_value(type_, cell)
    return ValueColumn(index, cell if has_header else "", has_header)


@dataclass(frozen=True)
class _Column:
    """How many cells of a column are filled, how many fit, and why others do not."""

    number: int
    filled: int
    fits: int
    reason: str

    @classmethod
    def of(cls, number: int, body: Sequence[Sequence[str]], type_: str) -> Self:
        cells = [cells[number - 1] for cells in body if len(cells) >= number]
        reasons = Counter(unfit_reason(type_, cell) for cell in cells if cell.strip())
        filled, fits = reasons.total(), reasons.pop("", 0)
        reason = reasons.most_common(1)[0][0] if reasons else ""
        return cls(number, filled, fits, reason)

    @property
    def is_fit(self) -> bool:
        return self.fits > 0 and self.fits * 2 >= self.filled

    def __str__(self) -> str:
        why = f" (mostly: {self.reason})" if self.reason else ""
        return f"column {self.number}: {self.fits} of {self.filled} cells fit{why}"


def _columns(records: Sequence[Sequence[str]], type_: str) -> list[_Column]:
    numbers = range(1, max(map(len, records)) + 1)
    return [_Column.of(number, records, type_) for number in numbers]


def other_type(sample: Sequence[Sequence[str]], type_: str, *, number: int = 0) -> str:
    """Return a remark on the type that a column looks like, "" if there is none.

    `number` is that of the column, 0 for any.
    """
    if type_ not in VALUE_TYPES:
        return ""
    found = [
        (column.fits, column.number, other)
        for other in VALUE_TYPES
        if other != type_
        for column in _columns(sample, other)
        if column.is_fit and number in (0, column.number)
        if _looks_like(other, type_, sample, column.number)
    ]
    if not found:
        return ""
    _, number, other = max(found, key=lambda each: each[0])  # the first of equals
    return (
        f"; column {number} may hold {value_rule(other).words}: if they are meant, "
        f"submit the file as {other} (`--type {other}`, or the folder {other})"
    )


def _looks_like(
    other: str, type_: str, sample: Sequence[Sequence[str]], number: int
) -> bool:
    """Return whether a column that fits another type is likely to be meant as that.

    What it was taken for may be in its header. Any long number fits as a phone number,
    and any word with a dot as a domain.
    """
    column = [cells[number - 1] for cells in sample if len(cells) >= number]
    name = simple_name(column[0])
    if name in column_names(type_) or name in column_names(other):
        return name in column_names(other)
    fits = [cell for cell in column if is_value(other, cell)]
    return sum(_SIGNS.get(other, "") in cell for cell in fits) * 2 > len(fits)


def _best(
    columns: Sequence[_Column], type_: str, sample: Sequence[Sequence[str]]
) -> _Column:
    """Return the column that holds the values."""
    best = max(columns, key=lambda column: column.fits)
    rivals = [c for c in columns if c.is_fit and c.fits * 2 > best.fits]
    if len(rivals) == 1:
        return rivals[0]
    words = value_rule(type_).words
    counts = "; ".join(map(str, (rivals or columns)[:_LISTED_COLUMNS]))
    if rivals:
        raise SourceColumnUnclear(f"{len(rivals)} columns hold {words}: {counts}")
    hint = other_type(sample, type_)
    raise SourceColumnUnclear(f"no column holds {words}: {counts}{hint}")


def _index_of(name: str, cells: Sequence[str], *, width: int) -> int:
    """Return the index of the column that is given by its name or its number."""
    if cells.count(name) == 1:
        return cells.index(name)
    if name.isdecimal() and 1 <= int(name) <= width:
        return int(name) - 1
    how_many = "several columns have" if name in cells else "no column has"
    raise SourceColumnUnclear(f"{how_many} the name that was given, of {width} columns")
