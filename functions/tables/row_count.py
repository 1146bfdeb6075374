"""Row count: count the rows of a list that is sent as it is."""

from functions.core.errors import SourceEmpty, SourceNotText
from functions.core.rows import RowCount
from functions.core.source import Source
from functions.tables.dialect import is_word
from functions.tables.first_records import FirstRecords
from functions.tables.reader import ReadOptions, open_table
from functions.tables.text import UTF_8
from functions.tables.values import is_value

#: Of more rows, different ones are not counted: it would take too much memory.
MAX_COMPARED_ROWS = 2_000_000
#: A row has about this many bytes.
_ROW_BYTES = 32


def count_rows(source: Source, name: str, type_: str) -> RowCount:
    """Return how many records are not blank, and how many of them are different.

    The first record is a header, which is not counted, if it consists of words and no
    cell is a value of the type.

    Raises:
        SourceMisnamed, SourceNotText: The file is no table in UTF-8.
        SourceEmpty: There is no record besides a header.
    """
    table = open_table(source, name, ReadOptions())
    if table.encoding != UTF_8:
        raise SourceNotText("the file is not in UTF-8")
    if not table.sample:
        raise SourceEmpty("the file holds nothing")
    has_header = all(
        is_word(cell) and not is_value(type_, cell)
        for cell in table.sample[0]
        if cell.strip()
    )
    rows = distinct = 0
    expected = min(source.size // _ROW_BYTES, MAX_COMPARED_ROWS)
    first_records = FirstRecords(expected=expected)
    for record in table.records(has_header=has_header):
        if record.is_blank:
            continue
        rows += 1
        if rows <= MAX_COMPARED_ROWS:
            text = "\0".join(map(str.strip, record.cells))
            distinct += not first_records.first(text, record.number)
    if not rows:
        raise SourceEmpty("the file holds only a header")
    return RowCount(rows, distinct if rows <= MAX_COMPARED_ROWS else 0)
