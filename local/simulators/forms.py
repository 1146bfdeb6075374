"""Posted forms: fields in memory, an uploaded file on disk."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, cast

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from local.simulators.server import HttpRequest

FIELD_LIMIT = 1024 * 1024  # bytes of a form field
_FORMS = {"multipart/form-data", "application/x-www-form-urlencoded"}


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
    """Read the body of a request; `new_path` says where to put a file.

    Raises:
        UnreadableForm: It has no length, is no form, is cut, or has two files.
    """
    if request.chunked:
        raise UnreadableForm(HTTPStatus.LENGTH_REQUIRED, "Content-Length is needed.")
    if not request.body.limit:
        return Form({})
    form, options = parse_options_header(request.headers.get("content-type", ""))
    if form not in _FORMS:
        raise UnreadableForm(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"{form or 'No type'} is not read."
        )
    paths: list[Path] = []
    with ExitStack() as opened:

        def open_file(**_details: object) -> IO[bytes]:
            paths.append(new_path())
            return opened.enter_context(paths[-1].open("w+b"))

        parser = FormDataParser(
            cast("Any", open_file), max_form_memory_size=FIELD_LIMIT, silent=False
        )
        try:
            _stream, fields, _files = parser.parse(
                request.body,  # type: ignore[arg-type]  # only `read` is called
                form,
                request.body.limit,
                options,
            )
        except RequestEntityTooLarge:
            raise UnreadableForm(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A field is too large."
            ) from None
        except ValueError:
            raise UnreadableForm(
                HTTPStatus.BAD_REQUEST, "The form cannot be read."
            ) from None
    if len(paths) > 1:
        raise UnreadableForm(HTTPStatus.BAD_REQUEST, "Only one file is read.")
    return Form(fields.to_dict(), paths[0] if paths else None)
