"""Named rows: read the rows of a table, or of JSON Lines, as fields with names."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.core.errors import RequestInvalid
from functions.core.file_formats import XLSX
from functions.core.source import RecordKeeper, Source
from functions.tables.json_lines import (
    JSON_LINES_SUFFIX,
    NO_OBJECT,
    JsonLine,
    cells_of_object,
    read_json_lines,
)
from functions.tables.reader import (
    MAX_COLUMNS,
    ReadOptions,
    Table,
    open_table,
    refusal,
)
from functions.tables.text import open_text

if TYPE_CHECKING:
    from functions.tables.workbook import WorkbookTable


@dataclass(frozen=True)
class NamedRow:
    """A row: its number, the line it begins in, and its fields or why it has none."""

    number: int
    line: int
    fields: Mapping[str, object] = field(default_factory=dict, repr=False)
    error: str = ""


def read_rows(
    name: str,
    source: Source,
    *,
    required: Sequence[str],
    optional: Sequence[str],
    keeper: RecordKeeper | None = None,
) -> Iterator[NamedRow]:
    """Yield the rows of a file in their order, without blank ones.

    The first record of a table is its header: it has to have the required columns, in
    any order and letter case. Other columns and empty cells are left out, and a row's
    number is that of its record. In JSON Lines each object is a row, as it is, and
    blank lines have no number.

    Raises:
        SourceMisnamed: The name is neither that of a table nor of JSON Lines.
        SourceNotText: The file cannot be read, or not to its end.
        RequestInvalid: The header lacks a required column, or repeats one.
    """
    if name.lower().endswith(JSON_LINES_SUFFIX):
        return _read_json_lines(source, keeper)
    table: Table | WorkbookTable
    if name.lower().endswith(XLSX.suffix):
        # Most uploads are text, and start without the readers of archives and XML.
        from functions.tables import workbook  # noqa: PLC0415

        table = workbook.WorkbookTable(source)
    else:
        table = open_table(source, name, ReadOptions(header=True), columns=required)
    return _read_table(table, required, optional, keeper)


def _read_table(
    table: "Table | WorkbookTable",
    required: Sequence[str],
    optional: Sequence[str],
    keeper: RecordKeeper | None,
) -> Iterator[NamedRow]:
    if not table.sample:
        return
    header = table.sample[0]
    columns = _indexes(header, required, optional)
    if keeper:
        keeper.begin(encoding=table.encoding, separator=table.separator, header=header)
    with closing(table.records(has_header=True)) as records:
        for record in records:
            if keeper:
                keeper.keep(record.number, record.cells)
            if record.is_blank:
                continue
            number, line, cells = record
            if any(
                map(str.strip, cells[len(header) :])
            ):  # perhaps a name with a comma in it
                error = "has more cells than the header"
                yield NamedRow(number, line, error=error)
                continue
            fields = {
                name: cell
                for name, index in columns.items()
                if index < len(cells) and (cell := cells[index].strip())
            }
            yield NamedRow(number, line, fields)
    if keeper:
        keeper.end(table.notes)


def _indexes(
    header: Sequence[str], required: Sequence[str], optional: Sequence[str]
) -> dict[str, int]:
    """Return the index of each column that the header has of those with a name."""
    columns = [cell.strip().casefold() for cell in header]
    indexes = {}
    for name in (*required, *optional):
        count = columns.count(name.casefold())
        if count > 1:
            raise RequestInvalid(f"{name}: the header has it more than once")
        if count:
            indexes[name] = columns.index(name.casefold())
    if missing := [name for name in required if name not in indexes]:
        raise RequestInvalid(
            f"{', '.join(missing)}: missing in the header, for which the first record "
            f"is taken; it has to name {', '.join(required)}"
        )
    return indexes


def _read_json_lines(source: Source, keeper: RecordKeeper | None) -> Iterator[NamedRow]:
    text = open_text(source, is_json=True)
    names: list[str] = []
    if keeper:
        keeper.begin(encoding=text.encoding, separator="", header=names)
    with closing(read_json_lines(text)) as lines:
        for json_line in lines:
            number, line, fields = json_line
            if keeper:
                keeper.keep(number, _cells(json_line, names))
            if fields is None:
                yield NamedRow(number, line, error=NO_OBJECT)
            else:
                yield NamedRow(number, line, fields)
    if keeper:
        keeper.end(tuple(text.notes))


def _cells(json_line: JsonLine, names: list[str]) -> Sequence[str]:
    """Return the cells of a line, whose new names are added to those there are."""
    number, line, fields = json_line
    if fields is None:
        return ()
    names.extend(name for name in fields if name not in names)
    if len(names) > MAX_COLUMNS:
        rule = f"with it, the objects have more than {MAX_COLUMNS:,} names"
        raise refusal(number, line, rule)
    indexes = {name: index for index, name in enumerate(names)}
    return cells_of_object(number, line, fields, indexes)
