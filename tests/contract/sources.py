"""Sources: files to verify, given or generated."""

from io import BytesIO, RawIOBase
from typing import BinaryIO, cast

from functions.core.source import Source
from functions.providers.protocol import Provider

EMAIL_LIST = b"email\n" + b"".join(b"user%03d@example.com\n" % n for n in range(40))


class BytesSource:
    """A `Source` of given bytes; `size` is what it claims to have."""

    def __init__(self, data: bytes = EMAIL_LIST, *, size: int | None = None) -> None:
        self.data = data
        self.size = len(data) if size is None else size
        self.opened: list[BinaryIO] = []

    def open(self) -> BinaryIO:
        """See `Source.open`."""
        self.opened.append(BytesIO(self.data))
        return self.opened[-1]


class GeneratedSource:
    """A `Source` of any size, generated while it is read."""

    def __init__(self, size: int) -> None:
        self.size = size

    def open(self) -> BinaryIO:
        """See `Source.open`."""
        return cast("BinaryIO", _GeneratedRows(self.size))


def submit(provider: Provider, name: str, type_: str, source: Source) -> str:
    """Prepare a submission and send it; return the provider's reference."""
    with provider.prepare_submission(name, type_, source) as send:
        return send()


class _GeneratedRows(RawIOBase):
    _ROW = b"somebody@example.com,42\n"

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return (self._ROW * (size // len(self._ROW) + 1))[:size]
