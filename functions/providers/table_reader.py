"""Table reader: read the rows of a CSV or JSON Lines file, without loading it whole."""

import csv
import io
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.core.errors import RequestInvalid, SourceMisnamed, SourceNotText
from functions.core.source import Reader, Source
from functions.core.strict_json import NotStrictJson, parse
from functions.providers.csv_validation import MAX_LINE_BYTES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@dataclass(frozen=True)
class TableRow:
    """A row's fields by name, or the error for which it has none."""

    fields: Mapping[str, object] = field(default_factory=dict, repr=False)
    error: str = ""


def read_rows(
    name: str, source: Source, *, required: Sequence[str], optional: Sequence[str]
) -> Generator[TableRow]:
    """Yield the rows of a file in their order, without blank lines.

    The header of a CSV must have the required columns, in any order and letter case;
    other columns and empty cells are left out. In JSON Lines, each object is a row, and
    is not changed.

    Raises:
        SourceMisnamed: The name ends in neither .csv nor .jsonl.
        SourceNotText: The file is not text in UTF-8, has a line that is too long, or
            quotes of a CSV that do not match.
        RequestInvalid: The header lacks a required column, or repeats one.
    """
    is_csv = name.lower().endswith(".csv")
    if not is_csv and not name.lower().endswith(".jsonl"):
        raise SourceMisnamed("the object's name ends in neither .csv nor .jsonl")
    with closing(_lines(source)) as lines:
        if is_csv:
            yield from _read_csv(lines, required, optional)
        else:
            yield from _read_json_lines(lines)


def _read_csv(
    lines: Iterator[str], required: Sequence[str], optional: Sequence[str]
) -> Iterator[TableRow]:
    table = (
        [cell.strip() for cell in cells]
        # Strict: otherwise an open quote silently swallows the rows after it.
        for cells in csv.reader(lines, strict=True)
        if any(map(str.strip, cells))
    )
    try:
        header = next(table, None)
        if header is None:
            return
        columns = _column_indexes(header, required, optional)
        for cells in table:
            if any(cells[len(header) :]):  # perhaps a name with a comma in it
                yield TableRow(error="has more cells than the header")
                continue
            yield TableRow(
                {
                    name: cells[index]
                    for name, index in columns.items()
                    if index < len(cells) and cells[index]
                }
            )
    except csv.Error:
        raise SourceNotText("the file's quotes do not match") from None


def _column_indexes(
    header: Sequence[str], required: Sequence[str], optional: Sequence[str]
) -> dict[str, int]:
    columns = [cell.casefold() for cell in header]
    indexes = {}
    for name in (*required, *optional):
        count = columns.count(name.casefold())
        if count > 1:
            raise RequestInvalid(f"{name}: the header has it more than once")
        if count:
            indexes[name] = columns.index(name.casefold())
    if missing := [name for name in required if name not in indexes]:
        raise RequestInvalid(f"{', '.join(missing)}: missing in the header")
    return indexes


def _read_json_lines(lines: Iterator[str]) -> Iterator[TableRow]:
    for line in filter(None, map(str.strip, lines)):
        try:
            fields = parse(line.encode())
        except NotStrictJson:
            fields = None
        if isinstance(fields, dict):
            yield TableRow(fields)
        else:
            yield TableRow(error="is not one strict JSON object")


def _lines(source: Source) -> Generator[str]:
    with io.TextIOWrapper(
        io.BufferedReader(_RawReader(source.open())), encoding="utf-8-sig", newline=""
    ) as text:
        try:
            while line := text.readline(MAX_LINE_BYTES + 1):
                if len(line) > MAX_LINE_BYTES:
                    raise SourceNotText(
                        "the file has a line that is too long for a row"
                    )
                yield line
        except UnicodeDecodeError:
            raise SourceNotText("the file is not UTF-8") from None


class _RawReader(io.RawIOBase):
    """Adapt a `Reader` to what the standard library reads from."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer)
        data = self._reader.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._reader.close()
        super().close()
