"""Result file: copy a provider's result into the dialect that the database reads."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from functions.core.errors import RowsUnjoinable
from functions.joining.database import exact_csv, name, write_exact_csv

_SEPARATORS = ",;\t|"


@dataclass(frozen=True, kw_only=True)
class ResultFile:
    """A result as exact CSV: each row's number, then the cells of the header."""

    kind: str
    path: Path
    header: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the file's columns that need no quotes: `row`, `p1`, `p2` …"""
        return ("row", *(f"p{n}" for n in range(1, len(self.header) + 1)))

    @property
    def table(self) -> str:
        """SQL that reads the file."""
        return exact_csv(self.path, self.columns)

    @property
    def matches(self) -> str:
        """The table of the records that have a row in the file, with its number."""
        return name(f"matches_{self.kind}")


def copy_result(kind: str, source: Path, target: Path) -> ResultFile:
    """Copy a result; blank lines are left out, and rows are numbered from 1.

    Raises:
        RowsUnjoinable: It is not a table to its end.
    """
    with source.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        records = _records(kind, file)
        header = next(records, [])
        columns = ("row", *header)
        rows = ((n, *cells) for n, cells in enumerate(records, 1))
        write_exact_csv(target, columns, rows)
    return ResultFile(kind=kind, path=target, header=tuple(header))


def _records(kind: str, file: TextIO) -> Iterator[Sequence[str]]:
    """Yield the records that are not blank, all of one width."""
    first_line = file.readline()
    separator = max(_SEPARATORS, key=first_line.count)
    file.seek(0)
    width = 0
    reader = csv.reader(file, delimiter=separator, strict=True)
    try:
        for cells in reader:
            if not cells:
                continue
            width = width or len(cells)
            if len(cells) != width:
                raise RowsUnjoinable(
                    f"the result {kind} has {len(cells)} cells instead of {width} in "
                    f"line {reader.line_num}"
                )
            yield cells
    except csv.Error:
        raise RowsUnjoinable(
            f"the result {kind} is not CSV in line {reader.line_num}"
        ) from None
