"""Scripted answers: what a call gets instead of, or made out of, its normal one."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Self

from local.simulators.content import Content
from local.simulators.http_writer import Delivery, Ending, Framing, Headers, Reply

HTML = b"<!doctype html><html><body><h1>Something went wrong</h1></body></html>"
_JSON = "application/json"

Edit = Callable[[Any], object]  # from one JSON document to another


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer; `Answer()` is the normal one, to skip a call.

    A call `takes_effect` when it is carried out as if it had gone well: an upload
    is paid, a link burns. What is None is taken from the normal reply. The
    travelling (`via`) can be combined with every content.
    """

    takes_effect: bool = True
    status: int | None = None
    headers: Headers | None = None
    more_headers: Headers = ()
    content: Content | None = None
    change: Callable[[Content], Content] | None = None  # of the normal content
    delivery: dict[str, Any] = field(default_factory=dict)  # changed fields of Delivery

    # What it says

    @classmethod
    def http(
        cls,
        status: int,
        body: bytes | Content = b"",
        *,
        content_type: str = _JSON,
        retry_after: str | None = None,
    ) -> Self:
        """Any answer that is not the normal one; the call does not take effect."""
        headers = [("Content-Type", content_type)]
        if retry_after is not None:
            headers.append(("Retry-After", retry_after))
        content = Content.of(body) if isinstance(body, bytes) else body
        return cls(
            takes_effect=False, status=status, headers=tuple(headers), content=content
        )

    @classmethod
    def html(cls, status: int = HTTPStatus.OK, body: bytes = HTML) -> Self:
        """A page for people, where a program asked."""
        return cls.http(status, body, content_type="text/html; charset=UTF-8")

    @classmethod
    def json(cls, document: object, status: int = HTTPStatus.OK) -> Self:
        """Any document; NaN and Infinity are written as Python does."""
        return cls.http(status, json.dumps(document).encode())

    @classmethod
    def refusal(cls, message: str) -> Self:
        """The provider's soft failure: `success: false` with a good HTTP status."""
        return cls.json({"success": False, "message": message})

    @classmethod
    def nested(cls, depth: int = 100_000) -> Self:
        """JSON that a recursive parser drowns in."""
        return cls.http(HTTPStatus.OK, b"[" * depth + b"]" * depth)

    @classmethod
    def endless(cls) -> Self:
        """A body that goes on until the client has enough."""
        return cls.http(
            HTTPStatus.OK, Content.endless(b'{"success": true, "x": "' + b" " * 65536)
        ).via(framing=Framing.CHUNKED)

    @classmethod
    def redirect(cls, location: str, status: int = HTTPStatus.FOUND) -> Self:
        """Somewhere else, which a careful client does not follow."""
        answer = cls.http(status, HTML, content_type="text/html")
        return replace(answer, more_headers=(("Location", location),))

    @classmethod
    def edited(cls, edit: Edit) -> Self:
        """The normal JSON document, changed; the call takes effect."""

        def change(content: Content) -> Content:
            return Content.of(json.dumps(edit(json.loads(content.read()))).encode())

        return cls(change=change)

    @classmethod
    def file(cls, body: bytes | Content, *, content_type: str = "text/csv") -> Self:
        """Another file than the one asked for; the link burns."""
        answer = cls.http(HTTPStatus.OK, body, content_type=content_type)
        return replace(answer, takes_effect=True)

    @classmethod
    def gzipped(cls, *, cut: int = 0, times: int = 1, bad_crc: bool = False) -> Self:
        """The normal content compressed although nobody asked.

        `cut` bytes are missing at the end of the gzip stream, inside a complete
        HTTP body (the trailer has 8); `times` is how often it is compressed.
        """

        def change(content: Content) -> Content:
            for _time in range(times):
                content = content.gzipped()
            if bad_crc:
                packed = bytearray(content.read())
                packed[-8] ^= 0xFF
                content = Content.of(bytes(packed))
            return content.part(0, -cut) if cut else content

        encoding = ", ".join(["gzip"] * times)
        return cls(change=change, more_headers=(("Content-Encoding", encoding),))

    @classmethod
    def bomb(cls, size: int) -> Self:
        """A small body that unpacks to `size` bytes."""
        answer = cls.file(Content.bomb(size)).via(framing=Framing.CHUNKED)
        return replace(answer, more_headers=(("Content-Encoding", "gzip"),))

    # How it travels

    def via(self, **delivery: Any) -> Self:  # noqa: ANN401 the fields of Delivery, which checks them
        """The same answer, delivered otherwise: any field of `Delivery`."""
        replace(Delivery(), **delivery)
        return replace(self, delivery=self.delivery | delivery)

    def after_effect(self) -> Self:
        """The same answer, but the call was carried out."""
        return replace(self, takes_effect=True)

    @classmethod
    def dropped_before(cls, ending: Ending = Ending.RESET) -> Self:
        """The connection ends without an answer, and nothing has happened."""
        return cls(takes_effect=False).via(has_head=False, ending=ending)

    @classmethod
    def dropped_after(cls, ending: Ending = Ending.RESET) -> Self:
        """The connection ends without an answer, but the call was carried out."""
        return cls().via(has_head=False, ending=ending)

    @classmethod
    def hang(cls, *, takes_effect: bool = False) -> Self:
        """Silence, until the client leaves or the simulator stops."""
        answer = cls.dropped_after(Ending.STALL)
        return replace(answer, takes_effect=takes_effect)

    @classmethod
    def cut_after(cls, size: int, ending: Ending = Ending.CLOSE) -> Self:
        """The normal answer, of which only `size` bytes arrive."""
        return cls().via(cut_after=size, ending=ending)

    @classmethod
    def stalled_after(cls, size: int) -> Self:
        """The normal answer, which goes silent after `size` bytes."""
        return cls.cut_after(size, Ending.STALL)

    @classmethod
    def longer_than_it_is(cls, missing: int = 1) -> Self:
        """A Content-Length that promises more than comes."""
        return cls().via(framing=Framing.LENGTH, length_lie=missing)

    @classmethod
    def dripped(cls, seconds: float, *, head_too: bool = False) -> Self:
        """The normal answer, one byte at a time."""
        return cls().via(drip_seconds=seconds, drips_head=head_too)

    def applied_to(self, normal: Reply) -> Reply:
        """The reply that goes out."""
        content = normal.content if self.content is None else self.content
        headers = normal.headers if self.headers is None else self.headers
        return Reply(
            status=normal.status if self.status is None else self.status,
            headers=(*headers, *self.more_headers),
            content=content if self.change is None else self.change(content),
            delivery=replace(normal.delivery, **self.delivery),
            interrupted=normal.interrupted,
        )


@dataclass(slots=True)
class Script:
    """The answers that wait for their calls, oldest first."""

    _waiting: deque[tuple[str, str | None, Answer]] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, call: str, answers: Iterable[Answer], file_name: str | None) -> None:
        """Queue answers for a kind of call; for one file only, if it is named."""
        with self._lock:
            self._waiting.extend((call, file_name, answer) for answer in answers)

    def take(self, call: str, file_name: str | None) -> Answer:
        """The oldest answer that fits the call; the normal one if there is none."""
        with self._lock:
            for entry in self._waiting:
                if entry[0] == call and entry[1] in {None, file_name}:
                    self._waiting.remove(entry)
                    return entry[2]
        return Answer()

    def left(self) -> int:
        """How many answers were never asked for."""
        with self._lock:
            return len(self._waiting)
