"""Stream statistics: compute size, rows and checksums of a result while it streams."""

import hashlib
import zlib
from base64 import b64encode
from functools import lru_cache

from functions.core.file_formats import CSV, FileFormat

#: The polynomial of CRC-32; its highest power is left out, its lowest bit is x^31.
_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31
_ONE_BYTE = _ONE >> 8  # x^8


class StreamStats:
    """Bytes, rows and checksums of a stream, updated chunk by chunk.

    A row is a line after the header. The last line may lack its line break. The bytes
    are read once for the checksums of the parts and of the whole: the whole's is
    combined from theirs.
    """

    def __init__(self, file_format: FileFormat = CSV) -> None:
        self.bytes = 0
        self._crc32_of_parts = 0
        self._part_crc32 = 0
        self._part_begins_at = 0
        self._format = file_format
        self._sha256 = hashlib.sha256()
        self._line_breaks = 0
        self._last_byte = b""

    def update(self, chunk: memoryview | bytes) -> None:
        """Add the next chunk; its buffer may be reused afterwards."""
        if not chunk:
            return
        self.bytes += len(chunk)
        self._part_crc32 = zlib.crc32(chunk, self._part_crc32)
        self._sha256.update(chunk)
        # bytes.count is Python's fastest way to count line breaks, and memoryview has
        # none; the copy of a chunk stays in the processor's cache.
        self._line_breaks += bytes(chunk).count(b"\n")
        self._last_byte = bytes(chunk[-1:])

    def end_part(self) -> int:
        """Begin the next part; return the CRC-32 of the bytes of this one."""
        part_crc32 = self._part_crc32
        self._crc32_of_parts = self.crc32
        self._part_crc32 = 0
        self._part_begins_at = self.bytes
        return part_crc32

    @property
    def crc32(self) -> int:
        """The CRC-32 of all bytes."""
        size = self.bytes - self._part_begins_at
        return combined_crc32(self._crc32_of_parts, self._part_crc32, size)

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


def combined_crc32(first: int, second: int, second_size: int) -> int:
    """Return the CRC-32 of two byte strings one after the other, from that of each."""
    return _product(_power(second_size), first) ^ second


@lru_cache(maxsize=8)  # of one result, all parts but the last have one size
def _power(size: int) -> int:
    """Return x^(8 * size) modulo the polynomial: what `size` bytes do to a checksum."""
    power, square = _ONE, _ONE_BYTE
    while size:
        if size & 1:
            power = _product(square, power)
        square = _product(square, square)
        size >>= 1
    return power


def _product(first: int, second: int) -> int:
    """Multiply two polynomials over GF(2), modulo that of CRC-32."""
    product = 0
    while first:
        if first & _ONE:
            product ^= second
        first = first << 1 & 0xFFFFFFFF
        second = second >> 1 ^ (_POLYNOMIAL if second & 1 else 0)
    return product


def crc32_base64(crc: int) -> str:
    """Return a CRC-32 as S3 writes it: four bytes, big-endian, in base64."""
    return b64encode(crc.to_bytes(4)).decode()
