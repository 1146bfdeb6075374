"""CSV validation: check that an upload is a list, and count its rows.

A row is a line that is not blank. The first line is a header if it consists of words
only (letters, underscores, spaces, hyphens, quotes, column separators): an address, a
number or a URL does not. Lines are counted, not parsed: a quoted cell with a line
break counts twice, which the manifest's reconciliation allows.
"""

import codecs
import re
from array import array
from collections.abc import Iterable, Iterator

from functions.core.errors import SourceEmpty, SourceMisnamed, SourceNotText
from functions.core.rows import RowCount

#: The most bytes of a row. A workbook or an image, read as text, has longer lines.
MAX_LINE_BYTES = 65_536
#: Of more lines, different ones are not counted: it would take too much memory.
MAX_COMPARED_LINES = 10_000_000

_HEADER = re.compile(r"[\"']?[^\W\d_](?:[^\W\d]|[ \-\"';,\t|])*")
#: The first bytes of other formats that are text: PDF, HTML and JSON.
_OTHER_FORMATS = (b"%PDF-", b"<", b"{")
_CONTROL_CHARACTER = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def check_file_name(key: str) -> None:
    """Check that an object's key ends in .csv.

    Raises:
        SourceMisnamed: It has another extension.
    """
    if not key.lower().endswith(".csv"):
        raise SourceMisnamed("the object's name does not end in .csv")


class _DistinctCounter:
    """Counts different lines by their hashes, with eight bytes for each line."""

    def __init__(self) -> None:
        # A set of all hashes would take ten times the memory; one of a part does not.
        self._hashes = [array("q") for _ in range(256)]
        self._lines = 0

    def add(self, line: bytes) -> None:
        """Count a line, unless there are too many."""
        self._lines += 1
        if self._lines <= MAX_COMPARED_LINES:
            value = hash(line)
            self._hashes[value & 255].append(value)

    @property
    def count(self) -> int:
        """The number of different lines; 0 if there were too many to compare."""
        if self._lines > MAX_COMPARED_LINES:
            return 0
        return sum(len(set(hashes)) for hashes in self._hashes)


def count_rows(chunks: Iterable[bytes]) -> RowCount:
    """Count the rows of a file without its header.

    Raises:
        SourceNotText: The file is not text in UTF-8, or certainly not a list.
        SourceEmpty: The file has no row besides a header.
    """
    has_header: bool | None = None
    rows = 0
    distinct = _DistinctCounter()
    for line in _lines(chunks):
        if has_header is None:
            if line.startswith(_OTHER_FORMATS):
                raise SourceNotText("the file is a PDF, an HTML page or JSON")
            has_header = _HEADER.fullmatch(line.decode()) is not None
            if has_header:
                continue
        rows += 1
        distinct.add(line)

    if rows < 1:
        content = "only a header" if has_header else "nothing"
        raise SourceEmpty(f"the file holds {content}")
    return RowCount(rows=rows, distinct_rows=distinct.count)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines that are not blank, stripped."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = b""
    at_start = True
    try:
        for chunk in chunks:
            decoder.decode(chunk)
            if _CONTROL_CHARACTER.search(chunk):
                raise SourceNotText("the file holds binary data")
            *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
            if max(map(len, (rest, *lines))) > MAX_LINE_BYTES:
                raise SourceNotText("the file has a line that is too long for a row")
            if at_start and lines:
                lines[0] = lines[0].removeprefix(codecs.BOM_UTF8)
                at_start = False
            yield from filter(None, map(bytes.strip, lines))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise SourceNotText("the file is not UTF-8") from None
    if last := (rest.removeprefix(codecs.BOM_UTF8) if at_start else rest).strip():
        yield last
