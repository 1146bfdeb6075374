"""Other formats: say what a file looks like that is no table."""

import re
from collections.abc import Sequence

JSON = "JSON; with one object a line, let its name end in .jsonl"
_NAME_IT = "let its name end in .xlsx, and upload it again"
#: A pattern of the first bytes, and what such a file is; the first match counts.
_FORMATS: Sequence[tuple[re.Pattern[bytes], str]] = [
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (
            rb"PK\x03\x04.{0,4096}?(?:xl/|\[Content_Types\]\.xml)",
            f"an Excel workbook; {_NAME_IT}",
        ),
        (
            rb"PK[\x03\x05]",
            f"a zip archive or a workbook; if it is a workbook, {_NAME_IT}",
        ),
        (
            rb"\xd0\xcf\x11\xe0",
            "an old Excel workbook, or one with a password; save it as .xlsx, without",
        ),
        (rb"\x1f\x8b|BZh|7z\xbc\xaf|Rar!|\xfd7zXZ|\x28\xb5\x2f\xfd", "an archive"),
        (rb"\s*%PDF-", "a PDF"),
        (rb"\s*\{\\rtf", "a document (RTF)"),
        (rb"PAR1", "a Parquet file"),
        (rb"SQLite format 3", "a database"),
        (rb"\x89PNG|\xff\xd8\xff|GIF8", "a picture"),
        (rb"\s*<(?:[!?]|/?[A-Za-z][A-Za-z0-9:]*[\s/>])", "an HTML or XML page"),
        (rb'\s*\{\s*["}]|\s*\[\s*["{\]]', JSON),
        (rb"\s*BEGIN:VCARD", "a vCard"),
    )
]
_UTF_16 = re.compile(rb"(?:[^\x00]\x00){2}|(?:\x00[^\x00]){2}")


def looks_like(head: bytes) -> str:
    """Return what a file is by its first bytes; "" if it may be a table."""
    for pattern, words in _FORMATS:
        if pattern.match(head):
            return words
    if _UTF_16.match(head):
        return "UTF-16 without a byte order mark"
    return ""
