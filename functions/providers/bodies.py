"""Lines: what is made line by line, as a body to be streamed."""

from collections.abc import Iterator


class IteratorBody:
    """See `providers.protocol.Body`; each line brings its own line break."""

    announced_bytes = None

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._rest = b""

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer as far as there is something; 0 is the end."""
        filled = 0
        while filled < len(buffer):
            if not self._rest:
                self._rest = next(self._lines, b"")
            if not self._rest:
                break
            piece = self._rest[: len(buffer) - filled]
            buffer[filled : filled + len(piece)] = piece
            self._rest = self._rest[len(piece) :]
            filled += len(piece)
        return filled

    def close(self) -> None:
        """Let go of what is left."""
        self._lines, self._rest = iter(()), b""
