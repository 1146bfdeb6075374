"""List reading: say of each record of a list whether its value is sent, and why not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from functions.core.errors import SourceColumnUnclear
from functions.core.file_formats import XLSX
from functions.core.source import Source
from functions.tables.first_records import FirstRecords
from functions.tables.json_lines import JSON_LINES_SUFFIX, JsonTable, open_json_table
from functions.tables.reader import ReadOptions, Table, open_table
from functions.tables.value_column import (
    ValueColumn,
    choose_value_column,
    other_type,
)
from functions.tables.values import value_rule

if TYPE_CHECKING:
    from functions.tables.workbook import WorkbookTable

#: The most records for which memory is set aside before they are read.
_MAX_EXPECTED = 16_000_000


class Status(StrEnum):
    """What becomes of a record."""

    SENT = "sent"
    DUPLICATE = "duplicate"
    BLANK = "blank"
    NOT_SENT = "not_sent"
    REMEMBERED = "remembered"  # its verdict is known; reading alone does not tell


class ListRecord(NamedTuple):
    """A record and what becomes of it.

    `value` is the trimmed value if it is sent, that of a duplicate, too, and "" else;
    `reason` is why a value does not fit, and never repeats the cell; `duplicate_of` is
    the number of the record that had the value first, else 0.
    """

    number: int
    line: int
    status: Status
    reason: str
    duplicate_of: int
    value: str
    cells: list[str]


@dataclass
class ListCounts:
    """How many records there are of each kind; `width` is the most cells of one.

    records = blank + duplicates + not_sent + sent; `unfit` are of those that are sent.
    """

    records: int = 0
    blank: int = 0
    duplicates: int = 0
    not_sent: int = 0
    sent: int = 0
    unfit: int = 0
    width: int = 0


class ListReading:
    """A list whose table and value column are known.

    `counts` and `reasons` (how many records are not sent, by reason) are those of the
    records that have been read, as are the notes of the `table`.
    """

    def __init__(
        self,
        table: "Table | JsonTable | WorkbookTable",
        column: ValueColumn,
        type_: str,
        *,
        expected: int,
        send_unfit: bool = False,
    ) -> None:
        self.table = table
        self.value_column = column
        self.counts = ListCounts()
        self.reasons: Counter[str] = Counter()
        self._type, self._rule = type_, value_rule(type_)
        self._expected = expected
        self._send_unfit = send_unfit

    @property
    def header(self) -> Sequence[str]:
        """The header's cells as they stand; empty if there is none."""
        return self.table.sample[0] if self.value_column.has_header else ()

    @property
    def notes(self) -> Sequence[str]:
        """The notes of the table, and how many values are sent that do not fit."""
        if not self.counts.unfit:
            return self.table.notes
        unfit = (
            f"values that do not fit, and are sent all the same: {self.counts.unfit}"
        )
        return [*self.table.notes, unfit]

    def records(self) -> Iterator[ListRecord]:
        """Yield every record in its order; to be called once.

        With `send_unfit`, whatever is one line of text is sent, each text once.

        Raises:
            SourceNotText: The table cannot be read on.
            SourceColumnUnclear: All records have been yielded, and none is sent.
        """
        counts, reasons, rule = self.counts, self.reasons, self._rule
        index, header = self.value_column.index, list(self.header)
        first_records = FirstRecords(expected=self._expected)
        has_header = self.value_column.has_header
        for number, line, cells in self.table.records(has_header=has_header):
            counts.records = number
            if len(cells) > counts.width:  # noqa: PLR1730 - faster than max
                counts.width = len(cells)
            value = cells[index].strip() if index < len(cells) else ""
            reason, first = "", 0
            if value:
                reason = rule.unfit_reason(value)
            elif any(map(str.strip, cells)):
                reason = "it is empty"
            else:
                counts.blank += 1
                yield ListRecord(number, line, Status.BLANK, "", 0, "", cells)
                continue
            if reason and cells == header:
                reason = "it repeats the header"
            if reason and not (self._send_unfit and _is_line(value, cells, header)):
                status, value = Status.NOT_SENT, ""
                counts.not_sent += 1
                reasons[reason] += 1
            elif first := first_records.first(
                value if reason else rule.match_key(value), number
            ):
                status = Status.DUPLICATE
                counts.duplicates += 1
            else:
                status = Status.SENT
                counts.sent += 1
                counts.unfit += bool(reason)
            yield ListRecord(number, line, status, reason, first, value, cells)
        if not counts.sent:  # the sample has shown that not all records are blank
            ((reason, _),) = reasons.most_common(1)
            raise SourceColumnUnclear(
                f"column {index + 1} holds no {rule.words}: none of "
                f"{counts.not_sent:,} cells fits (mostly: {reason})"
                + other_type(self.table.sample, self._type, number=index + 1)
            )


def _is_line(value: str, cells: Sequence[str], header: Sequence[str]) -> bool:
    """Return whether an unfit value can be sent: it is one line, and no header."""
    return bool(value) and value.isprintable() and cells != header


def read_list(
    source: Source,
    name: str,
    type_: str,
    options: ReadOptions,
    *,
    send_unfit: bool = False,
) -> ListReading:
    """Return the reading of a list after its first records have been judged.

    Raises:
        SourceMisnamed, SourceNotText: See `open_table`.
        SourceEmpty, SourceColumnUnclear: See `choose_value_column`.
    """
    table: Table | JsonTable | WorkbookTable
    if name.lower().endswith(JSON_LINES_SUFFIX):
        table = open_json_table(source)
        options = replace(options, header=True)
    elif name.lower().endswith(XLSX.suffix):
        # Most uploads are text, and start without the readers of archives and XML.
        from functions.tables import workbook  # noqa: PLC0415

        table = workbook.WorkbookTable(source)
    else:
        table = open_table(source, name, options)
    column = choose_value_column(table.sample, type_, options)
    characters = sum(len(cell) + 1 for cells in table.sample for cell in cells)
    if table.encoding.startswith("utf-16"):
        characters *= 2
    expected = min(source.size * len(table.sample) // characters, _MAX_EXPECTED)
    return ListReading(table, column, type_, expected=expected, send_unfit=send_unfit)
