"""Bodies: implement `Body` for results built here, and for those that need a proof."""

from collections.abc import Callable, Iterator
from pathlib import Path

from functions.core.body import Body

#: The bytes from the start of a body that have to show what it is.
HEAD_BYTES = 64 * 1024


class BytesBody:
    """A `Body` of given bytes."""

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)
        self.announced_bytes = len(data)

    def readinto(self, buffer: memoryview) -> int:
        """See `Body.readinto`."""
        chunk = self._rest[: len(buffer)]
        buffer[: len(chunk)] = chunk
        self._rest = self._rest[len(chunk) :]
        return len(chunk)

    def close(self) -> None:
        """See `Body.close`; nothing is open."""


class FileBody:
    """A `Body` of a file on the disk."""

    def __init__(self, path: Path) -> None:
        self.announced_bytes = path.stat().st_size
        self._file = path.open("rb")

    def readinto(self, buffer: memoryview) -> int:
        """See `Body.readinto`."""
        return self._file.readinto(buffer)

    def close(self) -> None:
        """See `Body.close`."""
        self._file.close()


class IteratorBody:
    """A `Body` of the chunks of an iterator, none of which may be empty."""

    announced_bytes = None

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readinto(self, buffer: memoryview) -> int:
        """See `Body.readinto`."""
        filled = 0
        while filled < len(buffer):
            self._rest = self._rest or next(self._chunks, b"")
            if not self._rest:
                break
            chunk = self._rest[: len(buffer) - filled]
            buffer[filled : filled + len(chunk)] = chunk
            self._rest = self._rest[len(chunk) :]
            filled += len(chunk)
        return filled

    def close(self) -> None:
        """See `Body.close`; the iterator is not read any further."""
        self._chunks, self._rest = iter(()), b""


class ProvenBody:
    """A `Body` whose beginning has to pass a check before any of it is handed out.

    `prove` is called once, with the first bytes and whether they are all; what it
    raises is raised by `readinto`.
    """

    def __init__(self, body: Body, prove: Callable[[bytes, bool], None]) -> None:
        self._body = body
        self._prove: Callable[[bytes, bool], None] | None = prove
        self._head = b""
        self.announced_bytes = body.announced_bytes

    def readinto(self, buffer: memoryview) -> int:
        """See `Body.readinto`."""
        if self._prove:
            self._head = self._read_head()
            self._prove(self._head, len(self._head) < HEAD_BYTES)
            self._prove = None
        if not self._head:
            return self._body.readinto(buffer)
        chunk, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """See `Body.close`."""
        self._body.close()

    def _read_head(self) -> bytes:
        head, filled = bytearray(HEAD_BYTES), 0
        with memoryview(head) as view:
            while filled < HEAD_BYTES:
                with view[filled:] as space:
                    count = self._body.readinto(space)
                if not count:
                    break
                filled += count
        return bytes(head[:filled])
