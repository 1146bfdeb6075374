"""CSV file: write a CSV on disk, whose size the memory need not hold."""

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from shutil import copyfileobj
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO, Literal, Self, cast

_COPY_BYTES = 1024 * 1024


class CsvFile:
    """A CSV in UTF-8 with LF; it is gone after its `with` block."""

    def __init__(self, quoting: Literal[0, 1] = csv.QUOTE_MINIMAL) -> None:
        # Unnamed, so that nothing is left of it if the process is killed.
        self._bytes = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - closed below
        self._text = TextIOWrapper(self._bytes, "utf-8", newline="")
        writer = csv.writer(self._text, quoting=quoting, lineterminator="\n")
        self.write = writer.writerow

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._text.close()

    @property
    def size(self) -> int:
        """The number of bytes written so far."""
        self._text.flush()
        return self._bytes.tell()

    def append(self, other: "CsvFile") -> None:
        """Add all that another file has."""
        self._text.flush()
        copyfileobj(other.content(), self._bytes, _COPY_BYTES)

    def rows(self) -> Iterator[list[str]]:
        """Read what has been written, from the beginning."""
        self._text.seek(0)
        return csv.reader(self._text, strict=True)

    def content(self) -> BinaryIO:
        """Return what has been written, to be read from the beginning."""
        self._text.flush()
        self._bytes.seek(0)
        return self._bytes
