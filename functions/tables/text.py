"""Text: decode a file piece by piece into whole lines, and say what was dropped."""

import codecs
import re
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain

from functions.core.errors import SourceNotText
from functions.core.source import Source, read_chunks
from functions.tables.other_formats import JSON, looks_like

#: The most characters of a line: twice those of a record, which may have quotes.
MAX_LINE = 2 * 1024 * 1024
UTF_8, WINDOWS_1252 = "utf-8", "windows-1252"
_HEAD_BYTES = 8192
_ALLOW_IT = (
    '; if it is in Windows-1252, as the "CSV" of Excel is, save it as "CSV UTF-8", or '
    "let the setting windows_1252 of the provider in cdk.json be true, deploy, and "
    "retry the job"
)

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, ""),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: What DOS and file systems put behind a text, and no text has within it.
_END = re.compile(r"[\x00\x1a]")
_PADDING = "\x00\x1a\r\n"
_MARK = "\ufeff"
_MARK_BEFORE_LINE = re.compile(r"(\A|[\r\n])\ufeff+")


class Unreadable(Exception):
    """The rule that the next record breaks; who counts the records adds its place."""


@dataclass
class Text:
    """A file's text, of which only a piece is in memory.

    `notes` says what was dropped of what has been read so far, `remedy` what to do if
    it turns out not to be in the encoding.
    """

    source: Source = field(repr=False)
    encoding: str
    notes: dict[str, None] = field(default_factory=dict)  # in order, each once
    remedy: str = ""

    def blocks(self) -> Generator[str]:
        """Yield whole lines, many at a time, from the beginning of the file.

        Byte order marks before a line are dropped (files were joined), and so is the
        padding behind the last one.

        Raises:
            Unreadable: What follows is not text, or has no end of a line.
        """
        rest = ""
        with closing(self._decoded()) as texts:
            for text in self._without_padding(texts):
                lines = rest + text
                # CR at the end may be the first half of CRLF.
                end = max(lines.rfind("\n"), lines.rfind("\r", 0, len(lines) - 1)) + 1
                rest = lines[end:]
                if len(rest) > MAX_LINE:
                    raise Unreadable(f"a line is longer than {MAX_LINE:,} characters")
                if end:
                    yield self._without_marks(lines[:end])
        if rest:
            yield self._without_marks(rest)

    def _without_marks(self, lines: str) -> str:
        if _MARK not in lines:
            return lines
        without = _MARK_BEFORE_LINE.sub(r"\1", lines)
        if without != lines:
            self.notes["byte order marks in the middle of the file were ignored"] = None
        return without

    def _without_padding(self, texts: Generator[str]) -> Generator[str]:
        is_padding = False
        for text in texts:
            found = _END.search(text)
            if is_padding or found:
                place = 0 if is_padding or not found else found.start()
                if not is_padding and place:
                    yield text[:place]
                is_padding = not text[place:].strip(_PADDING)
                if not is_padding:
                    raise Unreadable(
                        "it has a NUL or an end-of-file mark, as no text has"
                    )
                self.notes["the end-of-file mark or padding was ignored"] = None
            elif text:
                yield text

    def _decoded(self) -> Generator[str]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        is_first, size = True, 0
        for chunk in chain(read_chunks(self.source), [b""]):
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                # What is in order comes first, so that the record can be counted.
                if good := error.object[: error.start].decode(self.encoding):
                    yield good.removeprefix(_MARK) if is_first else good
                place = size + len(chunk) - len(error.object) + error.start + 1
                raise Unreadable(
                    f"byte {place:,} of the file is not {self.encoding.upper()}"
                    f"{self.remedy}"
                ) from None
            size += len(chunk)
            yield text.removeprefix(_MARK) if is_first else text
            is_first = is_first and not text


def open_text(
    source: Source, *, windows_1252: bool | None = None, is_json: bool = False
) -> Text:
    """Return a file's text in the encoding that its beginning shows.

    Without a byte order mark that is UTF-8; or Windows-1252, if that is allowed and
    the file, which is read once for it, is not UTF-8. None is for no such setting.

    Raises:
        SourceNotText: The file looks like another format, or its encoding is not read.
    """
    head = b""
    with closing(read_chunks(source)) as chunks:
        while len(head) < _HEAD_BYTES and (chunk := next(chunks, b"")):
            head += chunk
    marked = (pair for pair in _BYTE_ORDER_MARKS if head.startswith(pair[0]))
    mark, encoding = next(marked, (b"", UTF_8))
    if not encoding:
        raise SourceNotText("the file is in UTF-32, which is not read")
    other = looks_like(head.removeprefix(mark)) if encoding == UTF_8 else ""
    if other and not (is_json and other == JSON):
        raise SourceNotText(f"the file is no table: it looks like {other}")
    if not mark and windows_1252 and not _is_utf_8(source):
        return Text(source, WINDOWS_1252, {"read as Windows-1252": None})
    may_be_allowed = not mark and windows_1252 is False
    return Text(source, encoding, remedy=_ALLOW_IT if may_be_allowed else "")


def _is_utf_8(source: Source) -> bool:
    decoder = codecs.getincrementaldecoder(UTF_8)()
    try:
        for chunk in read_chunks(source):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
