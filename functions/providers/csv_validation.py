"""Survey: whether a file is worth paying for, and how many rows it has.

A row is a line with something in it. The first line is taken for a header when
it is made of words only (letters, spaces and the punctuation between columns):
an address, a number or a URL never is. Lines are counted, not parsed: a quoted
cell with a line break counts twice, which the manifest's reconciliation allows.
"""

import codecs
import re
from collections.abc import Iterable, Iterator

from functions.core.errors import SourceEmpty, SourceMisnamed, SourceNotText

#: A longer line is no row of a list; a workbook or an image read as text has them.
MAX_LINE_BYTES = 65_536

_HEADER = re.compile(r"[\"']?[^\W\d_](?:[^\W\d]|[ \-\"';,\t|])*")
#: How a PDF of text only, a page and JSON begin; no list does.
_FOREIGN = (b"%PDF-", b"<", b"{")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def check_file_name(key: str) -> None:
    """Refuse an object whose name does not say that it is a CSV.

    Raises:
        SourceMisnamed: The key ends otherwise.
    """
    if not key.lower().endswith(".csv"):
        raise SourceMisnamed("the object's name does not end in .csv")


def count_rows(chunks: Iterable[bytes]) -> int:
    """Read a whole file in pieces; give its rows, the header not counted.

    Raises:
        SourceNotText: It is not text in UTF-8, or has lines that no list has.
        SourceEmpty: It has no row besides a header.
    """
    header: bool | None = None
    rows = 0
    for line in _lines(chunks):
        if header is None:
            if line.startswith(_FOREIGN):
                raise SourceNotText("the file is a PDF, a page or JSON")
            header = _HEADER.fullmatch(line.decode()) is not None
        rows += 1
    rows -= bool(header)

    if rows < 1:
        what = "only a header" if header else "nothing"
        raise SourceEmpty(f"the file holds {what}")
    return rows


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give the lines that have something in them, without white space around."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = b""
    at_start = True
    try:
        for chunk in chunks:
            decoder.decode(chunk)
            if _CONTROL.search(chunk):
                raise SourceNotText("the file holds binary data")
            *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
            if max(map(len, (rest, *lines))) > MAX_LINE_BYTES:
                raise SourceNotText("the file has a line that is no row")
            if at_start and lines:
                lines[0] = lines[0].removeprefix(codecs.BOM_UTF8)
                at_start = False
            yield from filter(None, map(bytes.strip, lines))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise SourceNotText("the file is not UTF-8") from None
    if last := (rest.removeprefix(codecs.BOM_UTF8) if at_start else rest).strip():
        yield last
