"""HTTP: send requests and open downloads, each limited in time and size."""

import logging
import ssl
import zlib
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import IO

import requests

from functions.core.errors import (
    AnswerLost,
    AnswerUnreadable,
    CourierError,
    LinkSpent,
    ProviderThrottled,
    ProviderUnavailable,
    TransferIncomplete,
)
from functions.providers.transport.connection import (
    TRANSPORT_ERRORS,
    ExchangeWatchdog,
    GuardedAdapter,
)
from functions.providers.transport.download import Download
from functions.providers.transport.framing import FramingRefused, framing_of

# Their warnings and debug lines hold URLs, and URLs hold keys.
for _name in ("urllib3", "requests"):
    logging.getLogger(_name).setLevel(logging.ERROR)

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 25.0
_READ_BYTES = 64 * 1024


@dataclass(frozen=True)
class HttpResponse:
    """A response read whole; what it holds is secret, so its repr is the status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class HttpClient:
    """An HTTP client that keeps nothing between exchanges.

    Each exchange has a connection of its own, so no cookie and no key is carried over.
    Redirects are never followed; proxies and passwords of the environment are ignored;
    responses are asked for uncompressed. With `loopback` it connects to this machine
    only, otherwise to public addresses only.
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
        """Send a request and read its response whole, whatever its status.

        Raises:
            ProviderUnavailable: Certainly nothing was sent.
            AnswerLost: The request may have arrived; no complete response came
                within `seconds`.
            AnswerUnreadable: The response has more than `max_bytes`, is compressed
                by anything but gzip, or does not say clearly where it ends.
            LinkRefused: The host has an address that no provider has.
        """
        with closing(ExchangeWatchdog(seconds)) as watchdog:
            try:
                response = self._send(
                    method, url, watchdog, seconds=seconds, headers=headers, body=body
                )
                content = bytearray()
                with response:
                    framing = framing_of(response.raw)
                    while data := response.raw.read(_READ_BYTES, decode_content=False):
                        content += data
                        if len(content) > max_bytes:
                            raise AnswerUnreadable("the answer is larger than allowed")
            except FramingRefused:
                raise AnswerUnreadable("the answer's end is not recognized") from None
            except TRANSPORT_ERRORS:
                raise _not_answered(watchdog) from None
            is_short = framing.length is not None and len(content) < framing.length
            if watchdog.expired or is_short:
                raise _not_answered(watchdog)
            if response.headers.get("Content-Encoding", "identity") != "identity":
                content = bytearray(_gunzip(content, max_bytes))
            return HttpResponse(response.status_code, response.headers, bytes(content))

    def post(
        self, url: str, *, seconds: float, headers: Mapping[str, str], body: bytes
    ) -> int:
        """Send a request and return the status; the response's body is not read.

        Raises: see `request`, which reads the response whole.
        """
        with closing(ExchangeWatchdog(seconds)) as watchdog:
            try:
                with self._send(
                    "POST", url, watchdog, seconds=seconds, headers=headers, body=body
                ) as response:
                    status = response.status_code
            except FramingRefused:
                raise AnswerUnreadable("the answer's end is not recognized") from None
            except TRANSPORT_ERRORS:
                raise _not_answered(watchdog) from None
            if watchdog.expired:  # its headers may be cut, which does not show
                raise _not_answered(watchdog)
            return status

    def open_download(self, url: str, *, seconds: float, max_bytes: int) -> Download:
        """Send one GET without a key and return its body, to be read in `seconds`.

        Raises:
            LinkSpent: The response is not 200, or is an HTML page.
            ResultTooLarge: It announces more than `max_bytes`.
            TransferImpossible, TransferTooSlow: It announces more than can arrive.
            TransferIncomplete: Its end could not be recognized.
            ProviderThrottled: It is 429.
            ProviderUnavailable: It is 5xx, or none came.
            LinkRefused: The host has an address that no provider has.
        """
        with ExitStack() as on_error:
            watchdog = on_error.enter_context(closing(ExchangeWatchdog(seconds)))
            try:
                response = on_error.enter_context(
                    self._send("GET", url, watchdog, seconds=seconds)
                )
            except FramingRefused:
                raise TransferIncomplete("the result's end is not recognized") from None
            except TRANSPORT_ERRORS:
                raise ProviderUnavailable("the download host did not answer") from None
            if watchdog.expired:  # its headers may be cut, which does not show
                raise ProviderUnavailable("the download host answered too slowly")
            _check_download_response(response)
            download = Download(
                response, watchdog=watchdog, seconds=seconds, max_bytes=max_bytes
            )
            on_error.pop_all()
            return download

    def _send(
        self,
        method: str,
        url: str,
        watchdog: ExchangeWatchdog,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        body: IO[bytes] | bytes | None = None,
    ) -> requests.Response:
        request = requests.Request(
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
        )
        # Not by a session: it would follow redirects, or, told not to, still read and
        # decompress the whole body of one.
        adapter = GuardedAdapter(
            tls=self._tls, watchdog=watchdog, loopback=self._loopback
        )
        with closing(adapter):  # the response outlives it
            return adapter.send(
                request.prepare(),
                stream=True,
                timeout=(min(seconds, _CONNECT_SECONDS), _READ_SECONDS),
            )


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the seconds that a Retry-After asks to wait; None if it is invalid."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:  # dates of HTTP are in UTC, also without a zone
            date = date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - now)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _check_download_response(response: requests.Response) -> None:
    status = response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ProviderThrottled("the download host answered 429")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ProviderUnavailable(f"the download host answered {status}")
    if status != HTTPStatus.OK:
        raise LinkSpent(f"the download host answered {status}")
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise LinkSpent("the download host answered with an HTML page")


def _gunzip(compressed: bytearray, max_bytes: int) -> bytes:
    decompressor = zlib.decompressobj(wbits=31)
    try:
        content = decompressor.decompress(compressed, max_bytes)
    except zlib.error:
        raise AnswerUnreadable("the answer is compressed, but not by gzip") from None
    if not decompressor.eof:
        raise AnswerUnreadable("the answer was cut, or unpacks to more than allowed")
    return content


def _not_answered(watchdog: ExchangeWatchdog) -> CourierError:
    if watchdog.connected:
        return AnswerLost("the connection ended before the answer did")
    return ProviderUnavailable("no connection to the provider")
