"""Records file: write the records of a list, and what became of each, as one CSV."""

import csv
from collections.abc import Sequence

from functions.core.errors import SourceTooLarge
from functions.csv_file import CsvFile

#: The columns before the uploader's own, which are `c1`, `c2` and so on.
COLUMNS = ("record", "status", "reason", "duplicate_of", "value")
#: The disk holds the file twice, and S3 takes no more than 5 GiB in one call.
_MAX_BYTES = 1_500_000_000
_BYTES_OF_AN_EMPTY_CELL = 3  # a comma and two quotes


class RecordsFile(CsvFile):
    """A CSV whose records get as many cells as the widest of them has.

    Every cell is quoted, so that whoever reads it has nothing to guess. `width` is the
    number of cells of the widest record so far.
    """

    def __init__(self) -> None:
        super().__init__(csv.QUOTE_ALL)
        self.width = self._records = self._cells = 0

    def add(self, fields: Sequence[object], cells: Sequence[str]) -> None:
        """Add a record: the fields of `COLUMNS`, and the uploader's cells."""
        if len(cells) > self.width:  # noqa: PLR1730 - faster than max
            self.width = len(cells)
        self._records += 1
        self._cells += len(cells)
        self.write((*fields, *cells))

    def padded(self) -> CsvFile:
        """Return the whole file, with a header, in which all lines are equally wide.

        Raises:
            SourceTooLarge: The empty cells would make it too large.
        """
        missing = self._records * self.width - self._cells
        if self.size + missing * _BYTES_OF_AN_EMPTY_CELL > _MAX_BYTES:
            raise SourceTooLarge(
                f"one of the {self._records:,} records has {self.width} cells, and "
                "with as many in each the table is too large"
            )
        padded = CsvFile(csv.QUOTE_ALL)
        names = (f"c{number}" for number in range(1, self.width + 1))
        padded.write((*COLUMNS, *names))
        if missing:
            width = len(COLUMNS) + self.width
            for row in self.rows():
                padded.write(row + [""] * (width - len(row)))
        else:
            padded.append(self)
        return padded
