"""Opened source: open a file before it is needed, so that this cannot fail later."""

from functions.core.source import Reader, Source


class OpenedSource:
    """A `Source` that is open already: its first `open` makes no call."""

    def __init__(self, source: Source) -> None:
        self.size = source.size
        self._source = source
        self._reader: Reader | None = source.open()

    def open(self) -> Reader:
        """Return the open file; open it again if it has been taken."""
        reader, self._reader = self._reader, None
        return reader or self._source.open()

    def close(self) -> None:
        """Close the file if it was never taken."""
        if self._reader is not None:
            self._reader.close()
