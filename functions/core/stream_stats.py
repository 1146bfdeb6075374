"""Tally: what a result is, measured while it passes."""

import hashlib
import zlib
from base64 import b64encode

from functions.core.errors import LinkSpent, TransferIncomplete
from functions.core.file_formats import CSV, FileFormat

#: How much of the start is kept, to tell a result from a page.
_HEAD = 512


class StreamStats:
    """Bytes, rows and checksums of a stream that is fed piece by piece.

    A row is a line after the headings. The last line may lack its line break.
    """

    def __init__(self, form: FileFormat = CSV) -> None:
        self.bytes = 0
        self.crc32 = 0
        self._form = form
        self._sha256 = hashlib.sha256()
        self._breaks = 0
        self._last = b""
        self._head = b""

    def update(self, piece: memoryview | bytes) -> None:
        """Take the next piece."""
        if not piece:
            return
        if len(self._head) < _HEAD:
            self._head += bytes(piece[: _HEAD - len(self._head)])
        self.bytes += len(piece)
        self.crc32 = zlib.crc32(piece, self.crc32)
        self._sha256.update(piece)
        # bytes.count is the fastest count of line breaks that Python has, and
        # memoryview lacks it; the copy of a piece stays in the cache.
        self._breaks += bytes(piece).count(b"\n")
        self._last = bytes(piece[-1:])

    @property
    def rows(self) -> int:
        """Lines after the headings."""
        lines = self._breaks + (self._last not in (b"", b"\n"))
        return max(0, lines - self._form.header_lines)

    @property
    def sha256(self) -> str:
        """The hash of all bytes, in hex."""
        return self._sha256.hexdigest()

    @property
    def crc32_base64(self) -> str:
        """The checksum of all bytes, as S3 writes it."""
        return crc32_base64(self.crc32)

    def check_plausible(self) -> None:
        """Refuse what is complete but cannot be a result.

        Raises:
            TransferIncomplete: There is not one byte.
            LinkSpent: It is a page, as servers show for a link that is gone.
        """
        if not self.bytes:
            raise TransferIncomplete("the result is empty")
        start = self._head.removeprefix(b"\xef\xbb\xbf").lstrip()
        is_object = start.startswith(b"{")
        is_csv = not is_object and not start.startswith(b"<")
        if not (is_csv if self._form is CSV else is_object):
            raise LinkSpent("the link led to something that is not a result")
        if b"\x00" in self._head:
            raise LinkSpent("the link led to something that is not text")


def crc32_base64(crc: int) -> str:
    """Give a CRC-32 as S3 writes it: big-endian, in base64."""
    return b64encode(crc.to_bytes(4)).decode()
