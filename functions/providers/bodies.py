"""Bodies: implement `Body` for results that are built here instead of downloaded."""

from collections.abc import Iterator


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
