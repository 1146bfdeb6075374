"""HTTP: the only user of requests; every exchange bounded in time and size."""

import http.client
import logging
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import IO, Any, cast

import requests
from urllib3.exceptions import HTTPError

from functions.core.errors import (
    AnswerLost,
    AnswerUnreadable,
    CourierError,
    LinkSpent,
    ProviderThrottled,
    ProviderUnavailable,
    ResultTooLarge,
    TransferIncomplete,
    TransferTooSlow,
)
from functions.providers.connection import GuardedAdapter, Watch

# Their warnings and debug lines hold URLs, and URLs hold keys.
for _name in ("urllib3", "requests"):
    logging.getLogger(_name).setLevel(logging.ERROR)

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 25.0
_PIECE = 64 * 1024
_STEP = 32 * 1024
#: No CSV packs better; what does was made to burst.
_MOST_RATIO = 200

# What goes wrong while bytes move; all of them may quote the URL.
_BROKEN = (
    requests.RequestException,
    HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True)
class Reply:
    """An answer read whole; raw answers are secrets, so its text form is bare."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Reply(status={self.status})"


class _Session(requests.Session):
    """A session that does not look at redirects.

    Even told not to follow one, requests prepares for it: it reads the body whole,
    unpacked, into memory.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that no answer leads elsewhere."""


class Http:
    """Speaks HTTP for one adapter.

    Redirects are never followed, the environment is never asked for proxies or
    passwords, answers are asked for uncompressed. Each exchange has a session and
    a connection of its own: nothing, no cookie and no key, is carried over.
    """

    def __init__(self, *, tls: ssl.SSLContext, loopback: bool) -> None:
        self._tls = tls
        self._loopback = loopback

    def call(
        self,
        method: str,
        url: str,
        *,
        seconds: float,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        body: IO[bytes] | bytes | None = None,
    ) -> Reply:
        """Send a request and read its answer whole, whatever its status.

        Raises:
            ProviderUnavailable: Surely nothing was sent.
            AnswerLost: The request may have arrived; no answer did.
            AnswerUnreadable: The answer is larger than `max_bytes`.
            LinkRefused: The host has an address that no provider has.
        """
        watch = Watch(seconds)
        try:
            response = self._send(
                method, url, watch, seconds=seconds, headers=headers, body=body
            )
            with response:
                content = bytearray()
                raw = response.raw
                while piece := raw.read(_PIECE, decode_content=False):
                    content += piece
                    if len(content) > max_bytes:
                        raise AnswerUnreadable("the answer is larger than any is")
                if watch.fired:
                    raise _lost(watch)
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    content = bytearray(_unpacked(bytes(content), max_bytes))
                return Reply(response.status_code, response.headers, bytes(content))
        except CourierError:
            raise
        except _BROKEN:
            raise _lost(watch) from None
        finally:
            watch.close()

    def open(self, url: str, *, seconds: float, max_bytes: int) -> "Download":
        """Send one GET without any key; give its body to be read.

        Raises:
            LinkSpent: The answer is not 200 with something that can be a file.
            ResultTooLarge: More bytes are announced than may be.
            ProviderThrottled, ProviderUnavailable, LinkRefused: As they say.
        """
        watch = Watch(seconds)
        response: requests.Response | None = None
        try:
            response = self._send("GET", url, watch, seconds=seconds)
            if watch.fired:  # a head that is cut looks like one without a length
                raise ProviderUnavailable("the download host answered too slowly")
            return Download(response, watch, max_bytes=max_bytes)
        except _BROKEN:
            _release(response, watch)
            raise ProviderUnavailable("the download host did not answer") from None
        except CourierError:
            _release(response, watch)
            raise

    def _send(
        self,
        method: str,
        url: str,
        watch: Watch,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        body: IO[bytes] | bytes | None = None,
    ) -> requests.Response:
        adapter = GuardedAdapter(tls=self._tls, watch=watch, loopback=self._loopback)
        with _Session() as session:  # a response outlives its session
            session.trust_env = False
            session.headers.clear()
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            return session.request(
                method,
                url,
                data=body,
                headers={
                    "User-Agent": "verdict-courier",
                    "Accept": "*/*",
                    "Accept-Encoding": "identity",
                    "Connection": "close",
                    **(headers or {}),
                },
                stream=True,
                allow_redirects=False,
                timeout=(min(seconds, _CONNECT_SECONDS), _READ_SECONDS),
            )


class Download:
    """A result on its way, read straight into the caller's buffers.

    It is whole only where the transfer itself proves it: a length that was
    announced and kept, the last chunk, or the trailer of a gzip stream. A
    connection that merely closes proves nothing.
    """

    def __init__(
        self, response: requests.Response, watch: Watch, *, max_bytes: int
    ) -> None:
        _check_status(response)
        self._response = response  # collected, it would end the stream silently
        self._watch = watch
        self._max_bytes = max_bytes
        # urllib3's own readinto copies twice; the response below it does not.
        self._raw = cast(
            "http.client.HTTPResponse",
            response.raw._fp,
        )
        self._chunked = bool(self._raw.chunked)
        length = None if self._chunked else self._raw.length
        self._inflate = _gunzip_if_packed(response)
        self._packed = b""
        self._wire_bytes = 0
        self._given_bytes = 0
        self._length = length
        self.announced = length if self._inflate is None else None

        if self.announced is not None and self.announced > max_bytes:
            raise ResultTooLarge("the result announces more bytes than are allowed")
        if self.announced is None and not self._chunked and self._inflate is None:
            raise TransferIncomplete("the result could not prove that it is whole")
        watch.stream()

    def readinto(self, buffer: memoryview) -> int:
        """See `Body.readinto`."""
        try:
            if self._inflate is None:
                count = self._from_wire(buffer)
            else:
                count = self._unpack(buffer)
        except CourierError:
            raise
        except (*_BROKEN, zlib.error):
            raise self._broken("the connection broke") from None

        self._given_bytes += count
        self._hold_cap(self._given_bytes)
        if not count and self._watch.fired:
            raise self._broken("the connection was ended")
        return count

    def close(self) -> None:
        """See `Body.close`."""
        _release(self._response, self._watch)

    def _from_wire(self, buffer: memoryview) -> int:
        filled = 0
        # In small steps: a read ends only when it is full, and the watch wants to
        # hear what came before its window is over.
        while count := self._raw.readinto(buffer[filled : filled + _STEP]):
            filled += count
            self._watch.fed(count)
        self._wire_bytes += filled
        self._hold_cap(self._wire_bytes)
        ended_early = self._length is not None and self._wire_bytes < self._length
        if not filled and ended_early:
            raise self._broken("the result is shorter than announced")
        return filled

    def _unpack(self, buffer: memoryview) -> int:
        inflate = self._inflate
        assert inflate is not None  # noqa: S101 - narrows the type for mypy
        while not inflate.eof:
            piece = inflate.decompress(self._packed, len(buffer))
            self._packed = inflate.unconsumed_tail
            given = self._given_bytes + len(piece)
            if given > _PIECE + _MOST_RATIO * self._wire_bytes:
                raise ResultTooLarge("the result unpacks to more than a CSV can")
            if piece:
                buffer[: len(piece)] = piece
                return len(piece)
            self._packed = self._next_packed()
        if inflate.unused_data or self._from_wire(memoryview(bytearray(1))):
            raise TransferIncomplete("something follows the packed result")
        return 0

    def _next_packed(self) -> bytes:
        wire = bytearray(_PIECE)
        count = self._from_wire(memoryview(wire))
        if not count:
            raise self._broken("the packed result was cut")
        return bytes(wire[:count])

    def _hold_cap(self, count: int) -> None:
        if count > self._max_bytes:
            raise ResultTooLarge("the result has more bytes than are allowed")

    def _broken(self, fact: str) -> CourierError:
        if self._watch.fired:
            return TransferTooSlow("the result came too slowly")
        return TransferIncomplete(fact)


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Read a Retry-After in seconds or as a date; None where it is neither."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:  # HTTP's dates are in UTC, said or not
            date = date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - now)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status == http.HTTPStatus.TOO_MANY_REQUESTS:
        raise ProviderThrottled("the download host answered 429")
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ProviderUnavailable(f"the download host answered {status}")
    if status != http.HTTPStatus.OK:
        raise LinkSpent(f"the download host answered {status}")
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise LinkSpent("the download host answered with a page")


def _gunzip_if_packed(response: requests.Response) -> Any:  # noqa: ANN401 - zlib hides the class
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding not in ("gzip", "x-gzip"):
        raise TransferIncomplete("the result came packed in a way not asked for")
    return zlib.decompressobj(wbits=31)


def _unpacked(packed: bytes, max_bytes: int) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    try:
        plain = inflate.decompress(packed, max_bytes)
    except zlib.error:
        raise AnswerUnreadable(
            "the answer came packed in a way not asked for"
        ) from None
    if not inflate.eof:
        raise AnswerUnreadable("the answer was cut, or unpacks to more than any does")
    return plain


def _lost(watch: Watch) -> CourierError:
    if watch.connected:
        return AnswerLost("the connection ended before the answer did")
    return ProviderUnavailable("no connection to the provider")


def _release(response: requests.Response | None, watch: Watch) -> None:
    if response is not None:
        response.close()
    watch.close()
