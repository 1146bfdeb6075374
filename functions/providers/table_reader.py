"""Tables: the rows of a CSV or of a JSON Lines file, read line by line."""

import csv
import io
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.core.errors import RequestInvalid, SourceMisnamed, SourceNotText
from functions.core.strict_json import NotStrictJson, parse
from functions.providers.csv_validation import MAX_LINE_BYTES
from functions.providers.protocol import Reader, Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@dataclass(frozen=True)
class TableRow:
    """A row's fields by name; or the fault for which it has none."""

    fields: Mapping[str, object] = field(default_factory=dict, repr=False)
    error: str = ""


def read_rows(
    name: str, source: Source, *, required: Sequence[str], optional: Sequence[str]
) -> Generator[TableRow]:
    """Give the rows of a file in its order, a part of it in memory at a time.

    The columns matter to a CSV: its header must have the needed ones, in any case
    and order; what others hold is left out, as are empty cells. A line in which
    nothing stands is no row.

    Raises:
        SourceMisnamed: The name ends in neither .csv nor .jsonl.
        SourceNotText: It is not text in UTF-8, has lines that no list has, or is
            no CSV because of its quotes.
        RequestInvalid: The header lacks a column, or has it twice.
    """
    is_csv = name.lower().endswith(".csv")
    if not is_csv and not name.lower().endswith(".jsonl"):
        raise SourceMisnamed("the object's name ends in neither .csv nor .jsonl")
    with closing(_lines(source)) as lines:
        if is_csv:
            yield from _of_csv(lines, required, optional)
        else:
            yield from _of_json_lines(lines)


def _of_csv(
    lines: Iterator[str], needed: Sequence[str], optional: Sequence[str]
) -> Iterator[TableRow]:
    # Strict: otherwise an open quote swallows the rows behind it without a word.
    table = (
        [cell.strip() for cell in cells]
        for cells in csv.reader(lines, strict=True)
        if any(map(str.strip, cells))
    )
    try:
        header = next(table, None)
        if header is None:
            return
        places = _places(header, needed, optional)
        for cells in table:
            if any(cells[len(header) :]):  # a name with a comma in it, perhaps
                yield TableRow(error="has more cells than the header")
                continue
            given = {
                name: cells[place]
                for name, place in places.items()
                if place < len(cells) and cells[place]
            }
            yield TableRow(given)
    except csv.Error:
        raise SourceNotText("the file is no CSV: its quotes do not match") from None


def _places(
    header: Sequence[str], needed: Sequence[str], optional: Sequence[str]
) -> dict[str, int]:
    columns = [cell.casefold() for cell in header]
    known = (*needed, *optional)
    for name in known:
        if columns.count(name.casefold()) > 1:
            raise RequestInvalid(f"{name}: the header has it more than once")
    if lacking := [name for name in needed if name.casefold() not in columns]:
        raise RequestInvalid(f"{', '.join(lacking)}: the header lacks it")
    return {
        name: columns.index(name.casefold())
        for name in known
        if name.casefold() in columns
    }


def _of_json_lines(lines: Iterator[str]) -> Iterator[TableRow]:
    for line in filter(None, map(str.strip, lines)):
        try:
            given = parse(line.encode())
        except NotStrictJson:
            given = None
        if isinstance(given, dict):
            yield TableRow(given)
        else:
            yield TableRow(error="is not one strict JSON object")


def _lines(source: Source) -> Generator[str]:
    with io.TextIOWrapper(
        io.BufferedReader(_Raw(source.open())), encoding="utf-8-sig", newline=""
    ) as text:
        try:
            while line := text.readline(MAX_LINE_BYTES + 1):
                if len(line) > MAX_LINE_BYTES:
                    raise SourceNotText("the file has a line that is no row")
                yield line
        except UnicodeDecodeError:
            raise SourceNotText("the file is not UTF-8") from None


class _Raw(io.RawIOBase):
    """A reader of ours, as the standard library wants one."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer)
        piece = self._reader.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._reader.close()
        super().close()
