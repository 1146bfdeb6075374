"""Multipart: a file in a form, of known length, read while it is sent."""

from collections.abc import Iterator, Mapping
from io import BytesIO

from functions.core.errors import SourceMissing
from functions.providers.protocol import Reader, Source

_PIECE = 64 * 1024


class MultipartBody:
    """A `multipart/form-data` body with one file, never held in memory.

    Its length is known beforehand, because IPQS takes no chunked uploads. The
    field values, the file name and the boundary are ours: none needs escaping.
    """

    def __init__(
        self,
        fields: Mapping[str, str],
        file_name: str,
        source: Source,
        *,
        boundary: str,
    ) -> None:
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            f"{value}\r\n"
            for name, value in fields.items()
        ]
        parts.append(
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="file"; filename="{file_name}"\r\nContent-Type: text/csv\r\n\r\n'
        )
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._head = BytesIO("".join(parts).encode())
        self._source = source
        self._file: Reader | None = None
        self._file_left = source.size
        self._tail = BytesIO(f"\r\n--{boundary}--\r\n".encode())
        self._length = (
            len(self._head.getvalue()) + source.size + len(self._tail.getvalue())
        )

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(_PIECE):
            yield piece

    def read(self, size: int = _PIECE) -> bytes:
        """Give the next bytes, at most `size`; empty at the end.

        Raises:
            SourceMissing: The file turned out shorter than its size.
        """
        if piece := self._head.read(size):
            return piece
        if self._file_left:
            if self._file is None:
                self._file = self._source.open()
            piece = self._file.read(min(size, self._file_left))
            if not piece:
                raise SourceMissing("the file ended before its size")
            self._file_left -= len(piece)
            return piece
        return self._tail.read(size)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
