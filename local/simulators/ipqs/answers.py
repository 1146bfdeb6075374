"""The shapes of the API's answers, as JSON and as XML."""

import json
import random
import string
from collections.abc import Mapping
from http import HTTPStatus
from xml.sax.saxutils import escape

from local.simulators.content import Content
from local.simulators.http_writer import Delivery, Framing, Headers, Reply
from local.simulators.ipqs.behaviour import XmlNull

HTML_404 = b"<!doctype html><html><body><h1>404 Not Found</h1></body></html>"

# Seen on sibling endpoints.
BAD_KEY = "Invalid or unauthorized key. Please check the API key and try again."
NO_CREDITS = "You have insufficient credits to make this query."
QUOTA = (
    "You have exceeded your request quota of {} per day. "
    "Please upgrade to increase your request quota."
)

Value = str | int | bool | None | list["Value"] | Mapping[str, "Value"]
Document = dict[str, Value]


def stamped(document: Document, randomness: random.Random) -> Document:
    """The document with what every answer ends with."""
    letters = string.ascii_letters + string.digits
    request_id = "".join(randomness.choices(letters, k=10))
    return {**document, "request_id": request_id, "api_version": 1}


def success(document: Document) -> Document:
    """The document with what every good answer begins with."""
    return {"message": "Success", "success": True, **document}


def failure(message: str) -> Document:
    """A soft failure, which lacks the usual fields."""
    return {"success": False, "message": message}


def reply(
    document: Document,
    format_: str,
    *,
    xml_item: str,
    xml_null: XmlNull,
    gzip: bool,
    status: int = HTTPStatus.OK,
) -> Reply:
    """The document in the format that the path names, served in chunks."""
    if format_ == "xml":
        text = '<?xml version="1.0" encoding="UTF-8"?>\n' + _element(
            "result", document, item=xml_item, null=xml_null
        )
        content_type = "application/xml; charset=UTF-8"
    else:
        text = json.dumps(document)
        content_type = "application/json"
    content = Content.of(text.encode())
    headers: Headers = (("Content-Type", content_type),)
    if gzip:
        content = content.gzipped()
        headers = (*headers, ("Content-Encoding", "gzip"))
    return Reply(
        status=status,
        headers=headers,
        content=content,
        delivery=Delivery(framing=Framing.CHUNKED),
    )


def page(status: int, html: bytes = HTML_404) -> Reply:
    """A page for people."""
    headers = (("Content-Type", "text/html; charset=UTF-8"),)
    return Reply(status=status, headers=headers, content=Content.of(html))


def _element(name: str, value: Value, *, item: str, null: XmlNull) -> str:
    if value is None:
        return {
            XmlNull.EMPTY: f"<{name}/>",
            XmlNull.OMITTED: "",
            XmlNull.NIL: f'<{name} nil="true"/>',
            XmlNull.WORD: f"<{name}>null</{name}>",
        }[null]
    if isinstance(value, Mapping):
        inner = "".join(
            _element(key, each, item=item, null=null) for key, each in value.items()
        )
    elif isinstance(value, list):
        inner = "".join(_element(item, each, item=item, null=null) for each in value)
    elif isinstance(value, bool):
        inner = str(value).lower()
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"
