"""JSON Lines: read a file of which each line is an object, also as a table."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, NamedTuple

from functions.core.errors import SourceNotText
from functions.core.source import Source
from functions.core.strict_json import NotStrictJson, parse
from functions.tables.dialect import SAMPLE_RECORDS
from functions.tables.reader import (
    MAX_CELL,
    MAX_COLUMNS,
    Record,
    refusal,
    split_lines,
)
from functions.tables.text import Text, Unreadable, open_text

JSON_LINES_SUFFIX = ".jsonl"
#: What is wrong with a line that is no object.
NO_OBJECT = "is not one strict JSON object in one line"


class JsonLine(NamedTuple):
    """A line that is not blank: its number among these, its line, and its object.

    There is no object if the line is not one in strict JSON.
    """

    number: int
    line: int
    fields: Mapping[str, Any] | None


def read_json_lines(text: Text) -> Generator[JsonLine]:
    """Yield the lines that are not blank.

    Raises:
        SourceNotText: The file cannot be read on; the text names record and line.
    """
    number, line = 0, 0
    with closing(text.blocks()) as blocks:
        try:
            for line, content in enumerate(split_lines(blocks), start=1):
                if stripped := content.strip():
                    number += 1
                    yield JsonLine(number, line, _parse(stripped))
        except Unreadable as error:
            raise refusal(number + 1, line + 1, str(error)) from None


class JsonTable:
    """Objects as a table, whose columns are the names that the first of them have.

    It has what `functions.tables.reader.Table` has. The names are its header; a value
    that is no text stands in its cell as JSON, and null as nothing.
    """

    separator = ""

    def __init__(self, text: Text, names: Sequence[str]) -> None:
        self.encoding = text.encoding
        self._text = text
        self._names = {name: index for index, name in enumerate(names)}
        sample = islice(self.records(has_header=True), SAMPLE_RECORDS)
        header = [[*names]] if names else []
        self.sample = [*header, *(r.cells for r in sample if not r.is_blank)]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was dropped in what has been read."""
        return tuple(self._text.notes)

    def records(self, *, has_header: bool) -> Generator[Record]:
        """Yield a record for each object; there always is a header.

        Raises:
            SourceNotText: A line is no object, or has a name that no column has.
        """
        del has_header
        with closing(read_json_lines(self._text)) as lines:
            for number, line, fields in lines:
                if fields is None:
                    raise refusal(number, line, f"it {NO_OBJECT}")
                if fields.keys() - self._names.keys():
                    rule = f"the first {SAMPLE_RECORDS:,} do not have all its names"
                    raise refusal(number, line, rule)
                cells = cells_of_object(number, line, fields, self._names)
                yield Record(number, line, cells)


def cells_of_object(
    number: int, line: int, fields: Mapping[str, Any], indexes: Mapping[str, int]
) -> list[str]:
    """Return an object's values as cells, by the index of each name.

    Raises:
        SourceNotText: One of them is too long, or has what no cell has.
    """
    cells = [""] * len(indexes)
    for name, value in fields.items():
        cells[indexes[name]] = _cell(value)
    if any(len(cell) > MAX_CELL or "\0" in cell for cell in cells):
        rule = f"a value has more than {MAX_CELL:,} characters or a NUL"
        raise refusal(number, line, rule)
    return cells


def open_json_table(source: Source) -> JsonTable:
    """Return the table of a file in JSON Lines.

    Raises:
        SourceNotText: The file is not text, or its first lines are no objects.
    """
    text = open_text(source, is_json=True)
    names: dict[str, None] = {}
    with closing(read_json_lines(text)) as lines:
        for line in islice(lines, SAMPLE_RECORDS):
            names |= dict.fromkeys(line.fields or ())
    if len(names) > MAX_COLUMNS:
        raise SourceNotText(f"the objects have more than {MAX_COLUMNS:,} names")
    return JsonTable(text, [*names])


def _parse(line: str) -> Mapping[str, Any] | None:
    try:
        fields = parse(line.encode())
    except NotStrictJson:
        return None
    return fields if isinstance(fields, dict) else None


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
