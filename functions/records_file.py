"""Records file: write the records of a list, and what became of each, as one CSV."""

import csv
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from functions.core.errors import SourceTooLarge

#: The columns before the uploader's own, which are `c1`, `c2` and so on.
COLUMNS = ("record", "status", "reason", "duplicate_of", "value")
#: S3 takes 5 GiB in one call, and the disk holds the file twice while it is padded.
_MAX_BYTES = 1_500_000_000
_BYTES_OF_AN_EMPTY_CELL = 3  # a comma and two quotes


class RecordsFile:
    """A CSV on disk whose records get as many cells as the widest of them.

    Every cell is quoted, and lines end with LF, so that whoever reads it has nothing
    to guess.
    """

    def __init__(self, file: IO[str]) -> None:
        self.width = 0
        self._file = file
        self._writer = _writer(file)
        self._records = 0
        self._cells = 0

    @classmethod
    @contextmanager
    def created(cls) -> Iterator["RecordsFile"]:
        """Create the file; it is gone after the block."""
        with _text_file() as file:
            yield cls(file)

    def add(self, fields: Sequence[object], cells: Sequence[str]) -> None:
        """Add a record: the fields of `COLUMNS`, and the uploader's cells."""
        self.width = max(self.width, len(cells))
        self._records += 1
        self._cells += len(cells)
        self._writer.writerow((*fields, *cells))

    @contextmanager
    def padded(self) -> Iterator[BinaryIO]:
        """Yield the whole file, with its header, all lines equally wide.

        Raises:
            SourceTooLarge: The empty cells would make it too large.
        """
        self._file.flush()
        missing = self._records * self.width - self._cells
        size = self._file.buffer.tell() + missing * _BYTES_OF_AN_EMPTY_CELL
        if size > _MAX_BYTES:
            raise SourceTooLarge(
                f"one of the {self._records} records has {self.width} cells, and with "
                "as many in each the table is too large"
            )
        self._file.seek(0)
        with _text_file() as padded:
            writer = _writer(padded)
            names = (f"c{number}" for number in range(1, self.width + 1))
            writer.writerow((*COLUMNS, *names))
            if missing:
                width = len(COLUMNS) + self.width
                for row in csv.reader(self._file, strict=True):
                    writer.writerow(row + [""] * (width - len(row)))
                padded.flush()
            else:
                padded.flush()
                shutil.copyfileobj(self._file.buffer, padded.buffer, 1024 * 1024)
            yield padded.buffer


def _text_file() -> IO[str]:
    return TemporaryFile("w+", encoding="utf-8", newline="")


def _writer(file: IO[str]) -> "csv._writer":
    return csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
