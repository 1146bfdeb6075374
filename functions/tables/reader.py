"""Reader: read the records of a table as people export it, piece by piece."""

import csv
import io
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from functions.core.errors import SourceMisnamed, SourceNotText
from functions.core.source import Source
from functions.tables.dialect import SAMPLE_RECORDS, Dialect, choose_dialect, is_word
from functions.tables.text import Text, Unreadable, open_text

#: The suffixes of names of tables, in any letter case.
TABLE_SUFFIXES = (".csv", ".txt", ".tsv")
_OTHER_WORKBOOKS = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
#: The most characters of a cell and of a record, and the most cells of a record.
MAX_CELL = 64 * 1024
MAX_RECORD = 1024 * 1024
MAX_COLUMNS = 1000
#: Records of so few cells are not too long.
_FEW_CELLS = MAX_RECORD // MAX_CELL

#: How much is read at most to see what the table is like.
_HEAD_CHARACTERS = 4 * MAX_RECORD
#: What looks empty in a line.
_EMPTY = '\t|;, "\r\n'

# The limit is one of the process; nothing that is read here has longer cells.
csv.field_size_limit(MAX_CELL)


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What the uploader or a setting says about a table.

    `column` names the value column, by its header or its number from 1; `header` is
    whether there is a header, None if the content decides; `windows_1252` is whether
    a file that is not UTF-8 may be in that encoding, None if no setting says so.
    """

    column: str = ""
    header: bool | None = None
    windows_1252: bool | None = None


class Record(NamedTuple):
    """A record: its number, from 1 after the header, the line it begins in, its cells.

    Blank records have numbers, too.
    """

    number: int
    line: int
    cells: list[str]

    @property
    def is_blank(self) -> bool:
        """Whether no cell has more than white space."""
        return not any(map(str.strip, self.cells))


class Table:
    """A table whose encoding and separator are known; each reading opens it anew.

    `separator` is "" if there is one column. `sample` has the first records as they
    stand, with the header if there is one, blank ones left out.
    """

    def __init__(
        self, text: Text, dialect: Dialect, sample: Sequence[Sequence[str]]
    ) -> None:
        self.encoding = text.encoding
        self.separator = dialect.separator
        self.sample = sample
        self._text = text
        self._dialect = dialect

    @property
    def notes(self) -> tuple[str, ...]:
        """What was dropped or taken in what has been read, without any content."""
        notes = list(self._text.notes)
        if self._dialect.comments:
            notes.append("the comment lines before the table were ignored")
        if self._dialect.skips_spaces:
            notes.append("spaces after separators were ignored")
        return tuple(notes)

    def records(self, *, has_header: bool) -> Generator[Record]:
        """Yield all records after the header, blank ones, too.

        The header is the first record that is not blank; blank ones before it have no
        number.

        Raises:
            SourceNotText: The file cannot be read on; the text names record and line.
        """
        with closing(self._text.blocks()) as blocks:
            yield from self._read(split_lines(blocks), has_header=has_header)

    def _read(self, lines: Iterator[str], *, has_header: bool) -> Iterator[Record]:
        skipped = self._dialect.skipped_lines
        reader = self._dialect.split(islice(lines, skipped, None))
        number, line = 0, skipped + 1
        try:
            if has_header:
                for cells in reader:
                    line = skipped + reader.line_num + 1
                    if any(map(str.strip, cells)):
                        break
            for cells in reader:
                start, line = line, skipped + reader.line_num + 1
                number += 1
                if len(cells) > MAX_COLUMNS:
                    rule = f"it has more than {MAX_COLUMNS:,} cells"
                    raise refusal(number, start, rule)
                if len(cells) > _FEW_CELLS and sum(map(len, cells)) > MAX_RECORD:
                    rule = f"it is longer than {MAX_RECORD:,} characters"
                    raise refusal(number, start, rule)
                yield Record(number, start, cells)
        except Unreadable as error:
            raise refusal(number + 1, line, str(error)) from None
        except csv.Error as error:
            raise refusal(number + 1, line, _quoting_rule(error)) from None


def open_table(
    source: Source, name: str, options: ReadOptions, *, columns: Sequence[str] = ()
) -> Table:
    """Return a table with what its first lines show; `columns` must be in its header.

    Raises:
        SourceMisnamed: The name has none of the suffixes of tables.
        SourceNotText: The file is of another format or encoding, or its first lines
            cannot be read.
    """
    if not name.lower().endswith(TABLE_SUFFIXES):
        if name.lower().endswith(_OTHER_WORKBOOKS):
            raise SourceMisnamed(
                "of workbooks only .xlsx is read: save it so, or its sheet as "
                '"CSV UTF-8"'
            )
        suffixes = ", ".join((*TABLE_SUFFIXES, ".jsonl", ".xlsx"))
        raise SourceMisnamed(f"the object's name ends in none of {suffixes}")
    text = open_text(source, windows_1252=options.windows_1252)
    head = _Head()
    head.read(text)
    dialect = choose_dialect(head.lines, is_whole=head.is_whole, columns=columns)
    lines = head.lines[dialect.skipped_lines :]
    records = dialect.split(lines)
    sample: list[list[str]] = []
    try:
        sample.extend(cells for cells in records if any(map(str.strip, cells)))
    except csv.Error:
        # What is cut off after the last line may close the quote.
        head.is_broken |= head.is_whole or records.line_num < len(lines)
    table = Table(text, dialect, sample[: SAMPLE_RECORDS + 1])
    if head.is_broken:
        # Read on to the error, which then says where it is.
        has_header = options.header
        if has_header is None:
            has_header = bool(sample) and all(map(is_word, sample[0]))
        for _ in table.records(has_header=has_header):
            pass
    return table


def split_lines(blocks: Iterable[str]) -> Iterator[str]:
    """Return the lines of blocks of whole lines, each with its end: LF, CRLF or CR."""
    return chain.from_iterable(io.StringIO(block, newline="") for block in blocks)


class _Head:
    """The first lines of a file, enough of them for a sample."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_whole = False
        self.is_broken = False

    def read(self, text: Text) -> None:
        """Read the first lines; stop where the text cannot be read on."""
        full, size = 0, 0
        with closing(text.blocks()) as blocks:
            try:
                for line in split_lines(blocks):
                    if full > SAMPLE_RECORDS or size > _HEAD_CHARACTERS:
                        return
                    self.lines.append(line)
                    full += bool(line.strip(_EMPTY))
                    size += len(line)
                self.is_whole = True
            except Unreadable:
                self.is_broken = True


def refusal(number: int, line: int, rule: str) -> SourceNotText:
    """Return the error for a record that breaks a rule for what can be read."""
    return SourceNotText(f"record {number:,} (line {line:,}): {rule}")


def _quoting_rule(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"a cell is longer than {MAX_CELL:,} characters, or its quote is open"
    if "end of data" in str(error):
        return "a cell's quote is not closed"
    return "a cell goes on after its closing quote"
