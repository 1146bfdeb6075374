"""Body: define what the bytes of a result are read through."""

from typing import Protocol


class Body(Protocol):
    """The bytes of a result, to be read to the end, in order, once."""

    @property
    def announced_bytes(self) -> int | None:
        """The length in bytes, if it is known before the body is read."""
        ...

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer and return the number of bytes; 0 is the proven end.

        The buffer may be filled partly, also before the end.

        Raises:
            TransferIncomplete: The body ended early, or its end is not proven.
            TransferTooSlow: The time is up, or too few bytes come.
            ResultTooLarge: The body is, or unpacks to, more than is allowed.
        """
        ...

    def close(self) -> None:
        """Release the connection, whether or not the body was read to its end."""
        ...
