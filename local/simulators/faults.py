"""Scripted answers, which replace or change the normal answer to a call."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Self

from local.simulators.content import Content
from local.simulators.http_writer import Ending, Framing, Headers, HttpReply

HTML = b"<!doctype html><html><body><h1>Something went wrong</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer; `Answer()` is the normal one, to skip a call.

    If the answer `takes_effect`, the call is carried out all the same: an upload is
    paid for, a link is used up. A field that is None is taken from the normal reply.
    """

    takes_effect: bool = True
    status: int | None = None
    headers: Headers | None = None
    more_headers: Headers = ()
    content: Content | None = None
    change: Callable[[Content], Content] | None = None  # of the normal content
    delivery: dict[str, Any] = field(default_factory=dict)  # fields of HttpReply

    @classmethod
    def http(
        cls,
        status: int,
        body: bytes | Content = b"",
        *,
        content_type: str = "application/json",
        retry_after: str | None = None,
    ) -> Self:
        """Return another answer than the normal one; the call is not carried out."""
        hint = () if retry_after is None else (("Retry-After", retry_after),)
        headers = (("Content-Type", content_type), *hint)
        content = Content.of(body) if isinstance(body, bytes) else body
        return cls(False, status, headers, content=content)

    @classmethod
    def html(cls, status: int = HTTPStatus.OK, body: bytes = HTML) -> Self:
        """Return a page for people instead of JSON."""
        return cls.http(status, body, content_type="text/html; charset=UTF-8")

    @classmethod
    def json(cls, document: object, status: int = HTTPStatus.OK) -> Self:
        """Return any JSON document, with NaN and Infinity as Python writes them."""
        return cls.http(status, json.dumps(document).encode())

    @classmethod
    def refusal(cls, message: str) -> Self:
        """Return a failure as IPQS reports it: `success: false` with status 200."""
        return cls.json({"success": False, "message": message})

    @classmethod
    def redirect(cls, location: str, status: int = HTTPStatus.FOUND) -> Self:
        """Return a redirect, which a careful client does not follow."""
        answer = cls.html(status)
        return replace(answer, more_headers=(("Location", location),))

    @classmethod
    def edited(cls, edit: Callable[[Any], object]) -> Self:
        """Return the normal JSON changed by `edit`; the call is carried out."""

        def change(content: Content) -> Content:
            return Content.of(json.dumps(edit(json.loads(content.read()))).encode())

        return cls(change=change)

    @classmethod
    def file(cls, body: bytes | Content, *, content_type: str = "text/csv") -> Self:
        """Return another file than the link's; the link is used up."""
        return cls.http(HTTPStatus.OK, body, content_type=content_type).after_effect()

    @classmethod
    def gzipped(cls, *, cut: int = 0, times: int = 1, bad_crc: bool = False) -> Self:
        """Return the normal content, compressed `times` times although not requested.

        `cut` bytes are missing at the end of the gzip stream (its trailer has 8),
        while the HTTP body is complete.
        """

        def change(content: Content) -> Content:
            for _ in range(times):
                content = content.gzipped()
            if bad_crc:
                compressed = bytearray(content.read())
                compressed[-8] ^= 0xFF
                content = Content.of(bytes(compressed))
            return Content.of(content.read()[:-cut]) if cut else content

        encoding = ", ".join(["gzip"] * times)
        return cls(change=change, more_headers=(("Content-Encoding", encoding),))

    @classmethod
    def bomb(cls, size: int) -> Self:
        """Return a small body that unpacks to `size` bytes."""
        answer = cls.file(Content.bomb(size)).via(framing=Framing.CHUNKED)
        return replace(answer, more_headers=(("Content-Encoding", "gzip"),))

    def via(self, **delivery: Any) -> Self:  # noqa: ANN401 the fields of HttpReply, which checks them
        """Return this answer, sent as these fields of `HttpReply` say."""
        replace(HttpReply(), **delivery)
        return replace(self, delivery=self.delivery | delivery)

    def after_effect(self) -> Self:
        """Return this answer for a call that is carried out."""
        return replace(self, takes_effect=True)

    @classmethod
    def dropped_before(cls, ending: Ending = Ending.RESET) -> Self:
        """End the connection without an answer; the call is not carried out."""
        return cls(takes_effect=False).via(has_head=False, ending=ending)

    @classmethod
    def dropped_after(cls, ending: Ending = Ending.RESET) -> Self:
        """End the connection without an answer, after the call is carried out."""
        return cls().via(has_head=False, ending=ending)

    @classmethod
    def hang(cls, *, takes_effect: bool = False) -> Self:
        """Send nothing until the client leaves or the simulator stops."""
        return replace(cls.dropped_after(Ending.STALL), takes_effect=takes_effect)

    @classmethod
    def cut_after(cls, size: int, ending: Ending = Ending.CLOSE) -> Self:
        """Send only `size` bytes of the normal body."""
        return cls().via(cut_after=size, ending=ending)

    @classmethod
    def dripped(cls, seconds: float, *, head_too: bool = False) -> Self:
        """Send the normal answer byte by byte, `seconds` apart."""
        return cls().via(drip_seconds=seconds, drips_head=head_too)

    def applied_to(self, normal: HttpReply) -> HttpReply:
        """Return the normal reply, changed by this answer."""
        content = normal.content if self.content is None else self.content
        headers = normal.headers if self.headers is None else self.headers
        return replace(
            normal,
            status=normal.status if self.status is None else self.status,
            headers=(*headers, *self.more_headers),
            content=content if self.change is None else self.change(content),
            **self.delivery,
        )
