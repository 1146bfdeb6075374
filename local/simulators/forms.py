"""Posted forms: fields in memory, an uploaded file on disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from local.simulators.server import HttpRequest

FIELD_LIMIT = 1024 * 1024  # bytes of a form field


class UnreadableForm(Exception):
    """The body cannot be read; the client gets this status and message."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a body, and the path of the file that came with them."""

    fields: Mapping[str, str]
    file: Path | None = None


def read_form(request: HttpRequest, new_path: Callable[[], Path]) -> Form:
    """Read a multipart body; `new_path` says where to put a file.

    Raises:
        UnreadableForm: It has no length, is no form, is cut, or has two files.
    """
    form, options = parse_options_header(request.headers.get("content-type", ""))
    if request.chunked:
        raise UnreadableForm(HTTPStatus.LENGTH_REQUIRED, "Content-Length is needed.")
    if not request.body.limit:
        return Form({})
    if form != "multipart/form-data":
        status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        raise UnreadableForm(status, f"{form or 'This type'} is not read.")
    files: list[IO[bytes]] = []

    def open_file(*_names: object, **_details: object) -> IO[bytes]:
        files.append(new_path().open("w+b"))
        return files[-1]

    parser = MultiPartParser(open_file, FIELD_LIMIT)
    try:
        boundary = options["boundary"].encode()
        fields, _files = parser.parse(request.body, boundary, None)  # type: ignore[arg-type]  # only `read` is called
    except RequestEntityTooLarge as error:
        status = HTTPStatus(error.code)
        raise UnreadableForm(status, "A field is too large.") from None
    except (KeyError, ValueError):
        status = HTTPStatus.BAD_REQUEST
        raise UnreadableForm(status, "The form cannot be read.") from None
    finally:
        for file in files:
            file.close()
    if len(files) > 1:
        raise UnreadableForm(HTTPStatus.BAD_REQUEST, "Only one file is read.")
    return Form(fields.to_dict(), Path(files[0].name) if files else None)
