"""Multipart: build an upload form whose file is read while it is sent."""

from collections.abc import Iterator, Mapping
from io import BytesIO

from functions.core.errors import SourceMissing
from functions.core.source import Reader, Source

_READ_BYTES = 64 * 1024


class MultipartBody:
    """A `multipart/form-data` body with one file, which is never whole in memory.

    `len()` is its length in bytes, known beforehand because IPQS takes no chunked
    uploads. Nothing is escaped: pass plain field values, file name and boundary.
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
        while data := self.read(_READ_BYTES):
            yield data

    def read(self, size: int = _READ_BYTES) -> bytes:
        """Return the next bytes, at most `size`; empty at the end.

        Raises:
            SourceMissing: The file is shorter than its `size` said.
        """
        if data := self._head.read(size):
            return data
        if self._file_left:
            if self._file is None:
                self._file = self._source.open()
            data = self._file.read(min(size, self._file_left))
            if not data:
                raise SourceMissing("the file is shorter than its size")
            self._file_left -= len(data)
            return data
        return self._tail.read(size)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
