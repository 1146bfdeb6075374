"""In memory: a result that was read whole already, as a body to be read."""


class BytesBody:
    """See `Body`; nothing of it is still on its way."""

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)
        self.announced_bytes = len(data)

    def readinto(self, buffer: memoryview) -> int:
        """See `Body.readinto`."""
        piece = self._rest[: len(buffer)]
        buffer[: len(piece)] = piece
        self._rest = self._rest[len(piece) :]
        return len(piece)

    def close(self) -> None:
        """See `Body.close`; there is no connection to let go of."""
