"""HTTP: the only user of requests; every exchange bounded in time and size."""

import http.client
import logging
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from typing import IO, cast

import requests
from urllib3.exceptions import HTTPError

from functions.core.errors import (
    AnswerLost,
    AnswerUnreadable,
    CourierError,
    LinkSpent,
    ProviderThrottled,
    ProviderUnavailable,
)
from functions.providers.transport.connection import ExchangeWatchdog, GuardedAdapter
from functions.providers.transport.download import Download

# Their warnings and debug lines hold URLs, and URLs hold keys.
for _name in ("urllib3", "requests"):
    logging.getLogger(_name).setLevel(logging.ERROR)

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 25.0
_PIECE = 64 * 1024

# What goes wrong while bytes move; all of them may quote the URL.
_BROKEN = (
    requests.RequestException,
    HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True)
class HttpResponse:
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


class HttpClient:
    """Speaks HTTP for one adapter.

    Redirects are never followed, the environment is never asked for proxies or
    passwords, answers are asked for uncompressed. Each exchange has a session and
    a connection of its own: nothing, no cookie and no key, is carried over.
    """

    def __init__(self, *, tls: ssl.SSLContext, loopback: bool) -> None:
        self._tls = tls
        self._loopback = loopback

    def request(
        self,
        method: str,
        url: str,
        *,
        seconds: float,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        body: IO[bytes] | bytes | None = None,
    ) -> HttpResponse:
        """Send a request and read its answer whole, whatever its status.

        Raises:
            ProviderUnavailable: Surely nothing was sent.
            AnswerLost: The request may have arrived; no answer did.
            AnswerUnreadable: The answer is larger than `max_bytes`.
            LinkRefused: The host has an address that no provider has.
        """
        watch = ExchangeWatchdog(seconds)
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
                if watch.expired:
                    raise _lost(watch)
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    content = bytearray(_unpacked(bytes(content), max_bytes))
                return HttpResponse(
                    response.status_code, response.headers, bytes(content)
                )
        except CourierError:
            raise
        except _BROKEN:
            raise _lost(watch) from None
        finally:
            watch.close()

    def open_download(self, url: str, *, seconds: float, max_bytes: int) -> Download:
        """Send one GET without any key; give its body to be read.

        Raises:
            LinkSpent: The answer is not 200 with something that can be a file.
            ResultTooLarge: More bytes are announced than may be.
            ProviderThrottled, ProviderUnavailable, LinkRefused: As they say.
        """
        watch = ExchangeWatchdog(seconds)
        response: requests.Response | None = None
        try:
            response = self._send("GET", url, watch, seconds=seconds)
            if watch.expired:  # a head that is cut looks like one without a length
                raise ProviderUnavailable("the download host answered too slowly")
            _check_status(response)
            return Download(
                # urllib3's own reading copies twice; what is below it does not.
                cast("http.client.HTTPResponse", response.raw._fp),
                encoding=response.headers.get("Content-Encoding", "identity"),
                watchdog=watch,
                release=partial(_release, response, watch),
                max_bytes=max_bytes,
            )
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
        watch: ExchangeWatchdog,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        body: IO[bytes] | bytes | None = None,
    ) -> requests.Response:
        adapter = GuardedAdapter(tls=self._tls, watchdog=watch, loopback=self._loopback)
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


def _lost(watch: ExchangeWatchdog) -> CourierError:
    if watch.connected:
        return AnswerLost("the connection ended before the answer did")
    return ProviderUnavailable("no connection to the provider")


def _release(response: requests.Response | None, watch: ExchangeWatchdog) -> None:
    if response is not None:
        response.close()
    watch.close()
