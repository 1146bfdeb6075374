"""Read uploads to IPQS, the form's fields into memory and its file onto disk."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import IO

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from local.simulators.server import HttpRequest

_FIELD_LIMIT = 1024 * 1024  # bytes of a form field


class IpqsRefusal(Exception):
    """A refusal with `success: false`; its text is the provider's message."""

    def __init__(self, message: str, status: int = HTTPStatus.OK) -> None:
        super().__init__(message)
        self.status = status


def read_form(
    request: HttpRequest, new_path: Callable[[], Path]
) -> tuple[Mapping[str, str], Path | None]:
    """Return the fields of a multipart body, and the path of its stored file.

    Raises:
        IpqsRefusal: The body has no length, is not a form, is cut, or has two files.
    """
    form, options = parse_options_header(request.headers.get("content-type", ""))
    if request.chunked:
        raise IpqsRefusal("Content-Length is needed.", HTTPStatus.LENGTH_REQUIRED)
    if not request.body.limit:
        return {}, None
    if form != "multipart/form-data":
        raise IpqsRefusal("No form was sent.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    files: list[IO[bytes]] = []

    def open_file(*_names: object, **_details: object) -> IO[bytes]:
        files.append(new_path().open("w+b"))
        return files[-1]

    try:
        fields, _files = MultiPartParser(open_file, _FIELD_LIMIT).parse(
            request.body,  # type: ignore[arg-type]  # only `read` is called
            options["boundary"].encode(),
            content_length=None,
        )
    except RequestEntityTooLarge as error:
        raise IpqsRefusal("A field is too large.", error.code) from None
    except (KeyError, ValueError):
        raise IpqsRefusal("The form is broken.", HTTPStatus.BAD_REQUEST) from None
    finally:
        for file in files:
            file.close()
    if len(files) > 1:
        raise IpqsRefusal("Only one file is read.", HTTPStatus.BAD_REQUEST)
    return fields.to_dict(), Path(files[0].name) if files else None
