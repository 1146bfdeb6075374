"""Stream statistics: compute size, rows and checksums of a result while it streams."""

import hashlib
import zlib
from base64 import b64encode

from functions.core.file_formats import CSV, FileFormat


class StreamStats:
    """Bytes, rows and checksums of a stream, updated chunk by chunk.

    A row is a line after the header. The last line may lack its line break.
    """

    def __init__(self, file_format: FileFormat = CSV) -> None:
        self.bytes = 0
        self.crc32 = 0
        self._format = file_format
        self._sha256 = hashlib.sha256()
        self._line_breaks = 0
        self._last_byte = b""

    def update(self, chunk: memoryview | bytes) -> None:
        """Add the next chunk; its buffer may be reused afterwards."""
        if not chunk:
            return
        self.bytes += len(chunk)
        self.crc32 = zlib.crc32(chunk, self.crc32)
        self._sha256.update(chunk)
        # bytes.count is Python's fastest way to count line breaks, and memoryview has
        # none; the copy of a chunk stays in the processor's cache.
        self._line_breaks += bytes(chunk).count(b"\n")
        self._last_byte = bytes(chunk[-1:])

    @property
    def rows(self) -> int:
        """The number of lines after the header."""
        lines = self._line_breaks + (self._last_byte not in (b"", b"\n"))
        return max(0, lines - self._format.header_lines)

    @property
    def sha256(self) -> str:
        """The SHA-256 of all bytes, in hex."""
        return self._sha256.hexdigest()

    @property
    def crc32_base64(self) -> str:
        """The CRC-32 of all bytes, as S3 writes it."""
        return crc32_base64(self.crc32)


def crc32_base64(crc: int) -> str:
    """Return a CRC-32 as S3 writes it: four bytes, big-endian, in base64."""
    return b64encode(crc.to_bytes(4)).decode()
