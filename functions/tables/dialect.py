"""Dialect: choose how the lines of a file are split into cells."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader

#: The most records by which a table is judged.
SAMPLE_RECORDS = 1000
#: The separators of which one is chosen; of two that fit alike, the first.
SEPARATORS = "\t|;,"
#: Separates nothing, because no text has it: a table of one column has whole lines.
_NONE = "\0"
#: The least part of the records that have the width of the table.
_SHARE = 0.5
#: A line before the header that is no record: a value may begin with #, but no prose.
_COMMENT = re.compile(r"#[\s#]")
_SEP_LINE = re.compile(r'"?sep=([^\r\n"])"?[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How lines are split; `separator` is "" where each is one cell.

    The first `skipped_lines` are no records: Excel's `sep=`, and comments.
    """

    separator: str = ""
    skips_spaces: bool = False
    skipped_lines: int = 0
    comments: int = 0

    def split(self, lines: Iterable[str]) -> "Reader":
        """Return a reader of the records of lines, which are not skipped here.

        It is strict: an open quote would silently swallow the records after it.
        """
        return csv.reader(
            lines,
            delimiter=self.separator or _NONE,
            skipinitialspace=self.skips_spaces,
            strict=True,
        )


def choose_dialect(
    lines: Sequence[str], *, is_whole: bool, columns: Collection[str] = ()
) -> Dialect:
    """Return the dialect of a file by its first lines.

    `is_whole` is whether there are no others. `columns` are names of which a header
    must have each: then what makes them cells is the separator.
    """
    skipped, separators = 0, SEPARATORS
    if lines and (sep_line := _SEP_LINE.fullmatch(lines[0])):
        skipped, separators = 1, sep_line[1]
    comments = 0
    for line in lines[skipped:]:
        if not _COMMENT.match(line):
            break
        comments += 1
    if skipped + comments == len(lines):
        comments = 0  # there is nothing that they could be comments on
    body = lines[skipped + comments :]
    candidates = [_Candidate(separator, body, is_whole) for separator in separators]
    best = max(candidates, key=lambda candidate: candidate.score(columns))
    is_chosen = skipped or best.score(columns) > _Candidate.NOTHING
    dialect = best.dialect if is_chosen else Dialect()

    # The last one may be the header, as wide as the table: then no header follows it.
    if comments and 1 < best.width == _width(dialect, lines[skipped + comments - 1]):
        comments -= not best.has_header
    return Dialect(
        dialect.separator, dialect.skips_spaces, skipped + comments, comments
    )


class _Candidate:
    """A separator, and what the records would be if it were that of the table."""

    #: The score of what is no separator.
    NOTHING = (False, False, 0.0, 0)

    def __init__(self, separator: str, lines: Sequence[str], is_whole: bool) -> None:
        mark = re.escape(separator)
        # Within quotes, a quote is doubled or followed by a separator: so this is
        # none of the text in a cell.
        spaces = re.compile(rf'(?:^|{mark}) +"[^"{mark}\r\n]')
        self.dialect = Dialect(separator, any(map(spaces.search, lines)))
        self._is_broken = False
        self._records = list(islice(self._read(lines, is_whole), SAMPLE_RECORDS))
        widths = Counter(map(len, self._records))
        self.first = [cell.strip() for cell in next(iter(self._records), [])]
        self.width, self._share = 0, 0.0
        if widths:
            self.width, count = max(widths.items(), key=lambda item: item[::-1])
            self._share = count / len(self._records)
            if len(self.first) > 1 and self.has_header and self._has_empty_ends:
                # Records without their empty cells at the end, or with more of them.
                self.width, self._share = len(self.first), 1.0
        elif any(separator in line for line in lines):
            self.width, self._share = 2, 1.0  # of blank records only

    def score(self, columns: Collection[str]) -> tuple[bool, bool, float, int]:
        """Return how well the separator fits, comparable with that of others."""
        names = {cell.casefold() for cell in self.first}
        has_columns = {column.casefold() for column in columns} <= names
        is_table = self.width > 1 and self._share >= _SHARE
        if columns and has_columns:
            is_table = len(self.first) > 1 or is_table
        elif len(self.first) == 1:
            # The separator may be text of the cells, as commas are in some URLs.
            is_table = is_table and (self._has_title or self._has_empty_ends)
        if not is_table:
            return self.NOTHING
        return has_columns, not self._is_broken, self._share, self.width

    @property
    def has_header(self) -> bool:
        """Whether the first record consists of words."""
        return all(map(is_word, self.first))

    @property
    def _has_title(self) -> bool:
        """Whether a header follows the first record, which is a title above it."""
        header = self._records[1]
        return len(header) == self.width and all(map(is_word, header))

    @property
    def _has_empty_ends(self) -> bool:
        """Whether all cells are empty that are behind those of the first record."""
        width = len(self.first)
        return not any(any(map(str.strip, cells[width:])) for cells in self._records)

    def _read(self, lines: Sequence[str], is_whole: bool) -> Iterator[list[str]]:
        reader = self.dialect.split(lines)
        try:
            for cells in reader:
                if any(map(str.strip, cells)):
                    yield cells
        except csv.Error:
            # What is cut off after these lines may close the quote.
            self._is_broken = is_whole or reader.line_num < len(lines)


def _width(dialect: Dialect, line: str) -> int:
    try:
        return len(next(dialect.split([line]), []))
    except csv.Error:
        return 0


def is_word(cell: str) -> bool:
    """Return whether a cell may be a column's name: no number, address or URL."""
    return any(map(str.isalpha, cell)) and not set(cell) & set("@/:.")
