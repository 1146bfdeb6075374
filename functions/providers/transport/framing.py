"""Framing: decide where a response's body ends, by rules that leave no doubt.

http.client and urllib3 accept headers that two parsers read differently, and then take
a part of the body for all of it, or its framing for content. Here such a response is
refused, whatever they make of it.
"""

import http.client
import io
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

_MAX_CHUNK_LINE_BYTES = 1024
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
_LENGTH = re.compile(r"[0-9]{1,18}")
_FRAMING_HEADERS = ("content-length", "transfer-encoding")
_EMPTY_LINES = (b"\r\n", b"\n")
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
#: A status line, a header or the empty line; no header continues on the next line.
_HEAD_LINE = re.compile(
    rb"(HTTP/1\.[01] [0-9]{3}( [^\x00-\x08\x0a-\x1f\x7f]*)?"
    rb"|[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00-\x08\x0a-\x1f\x7f]*"
    rb"|)\r?\n"
)


class FramingRefused(Exception):
    """Raised for a response whose headers do not say clearly where its body ends."""


@dataclass(frozen=True)
class Framing:
    """How the end of a body is recognized; it has neither if the connection's end is.

    `length` is the announced number of bytes on the wire.
    """

    length: int | None = None
    chunked: bool = False


def framing_of(raw: Any) -> Framing:  # noqa: ANN401 - urllib3's response, which requests leaves untyped
    """Return the framing of a response that was read as a `StrictResponse`.

    Raises:
        FramingRefused: It has a transfer encoding other than `chunked`, a length that
            is not a number, or chunks in HTTP/1.0.
    """
    if raw.status in _BODILESS:
        return Framing(length=0)
    encoding = raw.headers.get("Transfer-Encoding")
    length = raw.headers.get("Content-Length")
    if encoding is not None:
        # Exactly as http.client compares it, so that it reads chunks as well.
        if encoding.lower() != "chunked":
            raise FramingRefused("the transfer encoding is not chunked")
        if raw.version != 11:  # noqa: PLR2004 - HTTP/1.1, as http.client writes it
            raise FramingRefused("chunks do not exist in this version of HTTP")
        return Framing(chunked=True)
    if length is None:
        return Framing()
    if not _LENGTH.fullmatch(length):
        raise FramingRefused("the length is not a number")
    return Framing(length=int(length))


class StrictResponse(http.client.HTTPResponse):
    """A response whose head and chunks are read strictly.

    The library skips the rest of a head after a line that is no header, takes a head
    that was cut for a whole one, the "0" of a chunk size "0800" that was cut for the
    last chunk, and any two bytes for the line break after a chunk.
    """

    def begin(self) -> None:
        """Read the head.

        Raises:
            FramingRefused: A line of it is no header, or it says more than once where
                the body ends.
            RemoteDisconnected: It was cut.
        """
        file: Any = self.fp
        recorder: Any = _LineRecorder(file)
        self.fp = recorder
        try:
            super().begin()
        finally:
            if self.fp is recorder:  # else it is closed: there is no body
                self.fp = file
        if recorder.lines[-1] not in _EMPTY_LINES:
            raise http.client.RemoteDisconnected("the head was cut")
        if not all(map(_HEAD_LINE.fullmatch, recorder.lines)):
            raise FramingRefused("a line of the head is no header")
        names = [name.lower() for name in self.headers]
        if sum(map(names.count, _FRAMING_HEADERS)) > 1:
            raise FramingRefused("the headers say more than once where the body ends")

    # Private, as there are no public hooks; http.client raises IncompleteRead as well.

    def _read_next_chunk_size(self) -> int:
        line = self.fp.readline(_MAX_CHUNK_LINE_BYTES)
        size = line.partition(b";")[0].strip()
        if not line.endswith(b"\n") or not _CHUNK_SIZE.fullmatch(size):
            raise http.client.IncompleteRead(b"")
        return int(size, 16)

    def _safe_read(self, amt: int) -> bytes:
        data: bytes = super()._safe_read(amt)  # type: ignore[misc]  # not in typeshed
        if self.chunk_left == 0 and data != b"\r\n":
            raise http.client.IncompleteRead(b"")
        return data

    def _read_and_discard_trailer(self) -> None:
        while (line := self.fp.readline(_MAX_CHUNK_LINE_BYTES)) not in _EMPTY_LINES:
            if not line.endswith(b"\n"):
                raise http.client.IncompleteRead(b"")


class _LineRecorder:
    """Passes on the lines of a file that is being read, and keeps them."""

    def __init__(self, file: io.BufferedReader) -> None:
        self.lines: list[bytes] = []
        self._file = file

    def readline(self, limit: int) -> bytes:
        self.lines.append(self._file.readline(limit))
        return self.lines[-1]

    def close(self) -> None:
        self._file.close()
