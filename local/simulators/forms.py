"""Reading what a client posts: fields into memory, a file onto the disk."""

import email.parser
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

from local.simulators.content import BLOCK
from local.simulators.server import Request

FIELD_LIMIT = 1024 * 1024  # bytes of a form field, or of a whole form
JSON_LIMIT = 64 * 1024 * 1024


class Refused(Exception):
    """The request cannot be read; the client is told so with this status."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(slots=True)
class Posted:
    """The parameters of a request, and the file that came with it."""

    form: str = "none"  # multipart, json, urlencoded or none
    parameters: dict[str, str] = field(default_factory=dict)
    file: Path | None = None


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read(request: Request, new_path: Callable[[], Path]) -> Posted:
    """Parameters from the query and the body; the body's win.

    JSON may hold its rows as a list under `input`: they become a file as well.
    """
    if request.chunked:
        raise Refused(HTTPStatus.LENGTH_REQUIRED, "Content-Length is needed.")
    posted = Posted(parameters=dict(request.query))
    match request.headers.get_content_type() if request.body.left else "none":
        case "multipart/form-data":
            posted.form = "multipart"
            _read_multipart(request, posted, new_path)
        case "application/json":
            posted.form = "json"
            _read_json(request, posted, new_path)
        case "application/x-www-form-urlencoded":
            posted.form = "urlencoded"
            text = _whole(request, FIELD_LIMIT).decode(errors="replace")
            posted.parameters |= parse_qsl(text, keep_blank_values=True)
        case "none":
            pass
        case other:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"{other} is not read.")
    return posted


def _whole(request: Request, limit: int) -> bytes:
    if request.body.left > limit:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
    return request.body.read(request.body.left)


def _read_json(request: Request, posted: Posted, new_path: Callable[[], Path]) -> None:
    try:
        document: Any = json.loads(_whole(request, JSON_LIMIT))
    except (ValueError, RecursionError):
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from None
    if not isinstance(document, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not an object.")
    for name, value in document.items():
        if name == "input" and isinstance(value, list):
            posted.file = new_path()
            with posted.file.open("w", encoding="utf-8", newline="") as file:
                file.writelines(f"{_cells(row)}\n" for row in value)
        elif isinstance(value, str | int | float):
            posted.parameters[name] = str(value)


def _cells(row: object) -> str:
    cells = row if isinstance(row, list) else [row]
    return ",".join(str(cell).replace("\n", " ") for cell in cells)


def _read_multipart(
    request: Request, posted: Posted, new_path: Callable[[], Path]
) -> None:
    boundary = request.headers.get_boundary()
    if boundary is None:
        raise Refused(HTTPStatus.BAD_REQUEST, "The multipart boundary is missing.")
    for header, content in _parts(request.body, boundary.encode()):
        disposition = "content-disposition"
        if header.get_filename() is None:
            name = str(header.get_param("name", "", header=disposition))
            value = b""
            for piece in content:
                value += piece
                if len(value) > FIELD_LIMIT:
                    raise Refused(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A field is too large."
                    )
            posted.parameters[name] = value.decode(errors="replace")
        elif posted.file is not None:
            raise Refused(HTTPStatus.BAD_REQUEST, "Only one file is read.")
        else:
            posted.file = new_path()
            with posted.file.open("wb") as file:
                file.writelines(content)


def _parts(
    source: _Source, boundary: bytes
) -> Iterator[tuple[Message, Iterator[bytes]]]:
    """Each part's header and content; the content is to be read before the next."""
    delimiter = b"\r\n--" + boundary
    # The first delimiter opens the body, without the line end of the others.
    text = _Marked(source, held=b"\r\n")
    text.skip(delimiter)
    while text.line() != b"--":
        header = b"".join(text.upto(b"\r\n\r\n"))
        content = text.upto(delimiter)
        yield email.parser.BytesHeaderParser().parsebytes(header), content
        for _unread in content:
            pass


class _Marked:
    """A stream that is read up to marks, holding little more than a mark of it."""

    def __init__(self, source: _Source, held: bytes) -> None:
        self._source = source
        self._held = held

    def upto(self, mark: bytes) -> Iterator[bytes]:
        """What comes before the mark, in pieces; the mark is consumed."""
        while True:
            at = self._held.find(mark)
            if at >= 0:
                found, self._held = self._held[:at], self._held[at + len(mark) :]
                yield found
                return
            safe = max(len(self._held) - len(mark) + 1, 0)
            ready, self._held = self._held[:safe], self._held[safe:]
            if ready:
                yield ready
            block = self._source.read(BLOCK)
            if not block:
                raise Refused(HTTPStatus.BAD_REQUEST, "The multipart body is cut.")
            self._held += block

    def skip(self, mark: bytes) -> None:
        """Throw away what comes before the mark."""
        for _unwanted in self.upto(mark):
            pass

    def line(self) -> bytes:
        """The two bytes after a delimiter: `--` after the last one, else a line end."""
        while len(self._held) < len(b"--"):
            block = self._source.read(BLOCK)
            if not block:
                return b"--"
            self._held += block
        ending, self._held = self._held[:2], self._held[2:]
        return ending
