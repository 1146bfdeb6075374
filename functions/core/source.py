"""Source: define what a file to be verified looks like to those who read it."""

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Protocol

_READ_BYTES = 256 * 1024


class Reader(Protocol):
    """An open file."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; empty at the end."""
        ...

    def close(self) -> None:
        """Release what the open file holds."""
        ...


class Source(Protocol):
    """A file to be verified."""

    @property
    def size(self) -> int:
        """The file's length in bytes."""
        ...

    def open(self) -> Reader:
        """Open the file at its beginning; may be called more than once."""
        ...


class RecordKeeper(Protocol):
    """Takes every record of a file while its rows are read, blank ones, too."""

    def begin(self, *, encoding: str, separator: str, header: Sequence[str]) -> None:
        """Take what is known of the table; of JSON Lines, the header grows later."""
        ...

    def keep(self, number: int, cells: Sequence[str]) -> None:
        """Take a record, which has no cells if it is no object in JSON Lines."""
        ...

    def end(self, notes: Sequence[str]) -> None:
        """Take what was dropped of the whole file."""
        ...


def read_chunks(source: Source) -> Generator[bytes]:
    """Open a file, yield its bytes to the end and close it."""
    with closing(source.open()) as reader:
        while chunk := reader.read(_READ_BYTES):
            yield chunk
