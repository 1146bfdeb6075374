"""Sheet rows: read the cells of one sheet of a workbook, row by row."""

from collections.abc import Generator, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from functions.tables.number_format import Formatter
from functions.tables.packed_parts import MAX_UNPACKED, damaged, too_large
from functions.tables.reader import MAX_CELL, MAX_COLUMNS, MAX_RECORD
from functions.tables.shared_texts import SharedTexts, unescaped
from functions.tables.text import Unreadable
from functions.tables.xml_events import MAX_DEPTH, Attributes, feed, new_parser

#: The rows that a sheet can have.
_MAX_ROWS = 1_048_576
_TRUTHS = {"0": "FALSE", "1": "TRUE"}


class Row(NamedTuple):
    """A row that has something in it: its number from 1, and its cells."""

    number: int
    cells: list[str]


class SheetRows:
    """The rows of a sheet, without those that have nothing; to be read once.

    `row` is the number of the one that is read, `has_uncomputed` whether a cell that
    was read has a formula without a value.
    """

    def __init__(self, texts: SharedTexts, formats: Sequence[Formatter]) -> None:
        self.row = 0
        self.has_uncomputed = False
        self._texts = texts
        self._formats = formats
        self._left = MAX_UNPACKED
        self._complete: list[Row] = []
        self._column = self._row_size = self._text_size = 0
        self._cells: list[str] = []
        self._text: list[str] = []
        self._kind = self._style = ""
        self._depth = 0
        self._is_formula = self._is_hint = False

    def read(self, chunks: Iterable[bytes]) -> Generator[Row]:
        """Yield the rows of a sheet's XML.

        Raises:
            Unreadable: The row after those that were yielded breaks a rule.
            SourceNotText, SourceTooLarge: See `PackedParts.chunks` and `feed`.
        """
        self._parser = new_parser()
        self._parser.StartElementHandler = self._begin
        try:
            for _ in feed(self._parser, chunks):
                yield from self._complete
                self._complete.clear()
        except Unreadable:
            yield from self._complete
            raise

    def _begin(self, name: str, _attributes: Attributes) -> None:
        """Take the first tag, whose prefix the others have, too."""
        prefix = name.removesuffix("worksheet")
        self._row_tag, self._cell_tag = f"{prefix}row", f"{prefix}c"
        self._text_tags = {f"{prefix}v", f"{prefix}t"}
        self._formula_tag, self._hint_tag = f"{prefix}f", f"{prefix}rPh"
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise damaged()
        if name == self._cell_tag:
            self._begin_cell(attributes)
        elif name in self._text_tags:
            if not self._is_hint:
                self._parser.CharacterDataHandler = self._take
        elif name == self._row_tag:
            self._begin_row(attributes)
        elif name == self._formula_tag:
            self._is_formula = True
        elif name == self._hint_tag:  # how to pronounce the text
            self._is_hint = True

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name in self._text_tags:
            self._parser.CharacterDataHandler = None
        elif name == self._cell_tag:
            self._end_cell()
        elif name == self._row_tag:
            if any(map(str.strip, self._cells)):
                self._complete.append(Row(self.row, self._cells))
        elif name == self._hint_tag:
            self._is_hint = False

    def _take(self, text: str) -> None:
        self._text.append(text)
        self._text_size += len(text)
        if self._text_size > MAX_CELL:
            raise Unreadable(f"a cell is longer than {MAX_CELL:,} characters")

    def _begin_row(self, attributes: Attributes) -> None:
        number = _number(attributes["r"]) if "r" in attributes else self.row + 1
        if not self.row < number <= _MAX_ROWS:
            raise damaged()
        self.row = number
        self._cells = []
        self._row_size = 0
        self._column = 0

    def _begin_cell(self, attributes: Attributes) -> None:
        place = attributes.get("r")
        self._column = (
            _column(place.rstrip("0123456789")) if place else self._column + 1
        )
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._text = []
        self._text_size = 0
        self._is_formula = self._is_hint = False

    def _end_cell(self) -> None:
        text = "".join(self._text)
        if not text:
            self.has_uncomputed |= self._is_formula and self._kind != "str"
            return
        text = self._shown(text)
        self._row_size += len(text)
        self._left -= len(text)
        if self._column > MAX_COLUMNS:
            raise Unreadable(f"it has more than {MAX_COLUMNS:,} cells")
        if len(text) > MAX_CELL or "\0" in text:
            raise Unreadable(
                f"a cell is longer than {MAX_CELL:,} characters, or has NUL"
            )
        if self._row_size > MAX_RECORD:
            raise Unreadable(f"it is longer than {MAX_RECORD:,} characters")
        if self._left < 0:
            raise too_large()
        if self._column <= len(self._cells):
            raise damaged()
        self._cells += [""] * (self._column - 1 - len(self._cells))
        self._cells.append(text)

    def _shown(self, text: str) -> str:
        """Return what a cell shows, by the kind of its text."""
        if self._kind == "s":
            return self._texts.text(text)
        if self._kind == "n":
            style = _number(self._style)
            if style >= len(self._formats):
                raise damaged()
            return self._formats[style](text)
        if self._kind == "b":
            return _TRUTHS.get(text, text)
        return unescaped(text)


@cache
def _column(letters: str) -> int:
    """Return the number from 1 of a column by its letters."""
    number = 0
    if not (letters.isalpha() and letters.isascii() and len(letters) <= 3):  # noqa: PLR2004 - the last is XFD
        raise damaged()
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _number(digits: str) -> int:
    if not (digits.isdecimal() and len(digits) <= 9):  # noqa: PLR2004 - far more than there are
        raise damaged()
    return int(digits)
