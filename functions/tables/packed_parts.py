"""Packed parts: read the files within a workbook, whatever they unpack to."""

import zlib
from collections.abc import Generator
from tempfile import TemporaryFile
from typing import IO
from weakref import finalize
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from functions.core.errors import SourceNotText, SourceTooLarge
from functions.core.source import Source, read_chunks
from functions.tables.other_formats import looks_like

#: The most bytes to which one of the files unpacks, and the most text of a sheet.
MAX_UNPACKED = 1024**3
#: Small, because a shared text may stand in each of many cells of a piece.
_PIECE_BYTES = 16 * 1024
#: The most bytes of the archive's list of its files.
_MAX_DIRECTORY = 1024 * 1024
_OLD_FORMAT = b"\xd0\xcf\x11\xe0"
_PASSWORD = "EncryptedPackage".encode("utf-16-le")
_AS_CSV = 'or save its sheet as "CSV UTF-8"'
_SAVE_ANEW = f"save it anew in a spreadsheet program, {_AS_CSV}"


class PackedParts:
    """The files within a workbook, which is a zip archive, by their names.

    The archive lies on disk, without a name, until nobody uses the object any more.

    Raises:
        SourceNotText: The file is no workbook, an old one, or behind a password.
        SourceTooLarge: The archive has far more files than a workbook has.
    """

    def __init__(self, source: Source) -> None:
        file = TemporaryFile()  # noqa: SIM115 - closed by finalize
        self._close = finalize(self, file.close)
        head = tail = b""
        has_password = False
        for chunk in read_chunks(source):
            head = head or chunk
            has_password |= _PASSWORD in tail + chunk
            tail = chunk[-len(_PASSWORD) :]
            file.write(chunk)
        if head.startswith(_OLD_FORMAT):
            raise SourceNotText(
                "the workbook is behind a password: save it without one, " + _AS_CSV
                if has_password
                else f"the workbook is an old one (.xls): save it as .xlsx, {_AS_CSV}"
            )
        if not head.startswith(b"PK"):
            other = looks_like(head) or "if it is a CSV, let its name end in .csv"
            raise SourceNotText(
                f"the name ends in .xlsx, but the file is no workbook ({other})"
            )
        try:
            self._archive = ZipFile(_SmallReads(file))
        except (BadZipFile, OSError, ValueError, NotImplementedError):
            raise damaged() from None

    def __contains__(self, name: str) -> bool:
        return name in self._archive.NameToInfo

    def chunks(self, name: str) -> Generator[bytes]:
        """Yield what a file has, in small pieces.

        Raises:
            SourceNotText: There is no such file, or it cannot be unpacked.
            SourceTooLarge: It unpacks to more than `MAX_UNPACKED`.
        """
        left = MAX_UNPACKED
        try:
            info = self._archive.getinfo(name)
            if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise damaged()
            with self._archive.open(info) as part:
                while piece := part.read(_PIECE_BYTES):
                    left -= len(piece)
                    if left < 0:
                        raise too_large()
                    yield piece
        except (
            BadZipFile, EOFError, KeyError, NotImplementedError, OSError,
            RuntimeError, ValueError, zlib.error,
        ):  # fmt: skip
            raise damaged() from None


class _SmallReads:
    """A file of which nobody reads much at once: a list of millions of files, say."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        most = _MAX_DIRECTORY + 1
        content = self._file.read(most if size < 0 else min(size, most))
        if len(content) == most:
            raise SourceTooLarge(f"the workbook has far too many parts: {_SAVE_ANEW}")
        return content


def damaged() -> SourceNotText:
    """Return the error for a workbook that is not as it has to be."""
    return SourceNotText(f"the workbook cannot be read: {_SAVE_ANEW}")


def too_large() -> SourceTooLarge:
    """Return the error for a workbook that unpacks to too much."""
    return SourceTooLarge(
        f"the workbook unpacks to more than {MAX_UNPACKED // 1024**2:,} MiB: save its "
        'sheet as "CSV UTF-8", or split it'
    )
