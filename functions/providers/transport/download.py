"""Download: read the body of an HTTP response in pieces, and prove it complete."""

import zlib
from collections.abc import Mapping
from typing import Any, Protocol

from functions.core.errors import (
    CourierError,
    ResultTooLarge,
    TransferImpossible,
    TransferIncomplete,
    TransferTooSlow,
)
from functions.core.function_table import FUNCTIONS
from functions.providers.transport.connection import (
    MIN_WINDOW_BYTES,
    TRANSPORT_ERRORS,
    ExchangeWatchdog,
)
from functions.providers.transport.framing import FramingRefused, framing_of

#: A read blocks until it is full: one of the fewest bytes that a window of the watchdog
#: must have is counted in each. Larger ones cost no less time of the processor.
_READ_BYTES = MIN_WINDOW_BYTES
#: 1 Gbit/s, more than the network of a function was ever seen to bring.
_MAX_BYTES_PER_SECOND = 125_000_000
#: No CSV compresses better than this; a decompression bomb does.
_MAX_COMPRESSION_RATIO = 200
_COMPRESSION_RATIO_SLACK_BYTES = 64 * 1024


class _Response(Protocol):
    """The part of `requests.Response` that a download needs."""

    @property
    def headers(self) -> Mapping[str, str]: ...  # in any case

    @property
    def raw(self) -> Any: ...  # noqa: ANN401 - urllib3's, which requests leaves untyped

    def close(self) -> None: ...


class Download:
    """A `Body` that is read from a response, which it closes.

    It is complete only where the transfer itself proves it: by a length that was
    announced and reached, by the last chunk, or by the trailer of a gzip stream. A
    connection that merely closes proves nothing.

    Raises:
        ResultTooLarge: More bytes are announced than `max_bytes`.
        TransferImpossible: More are announced than any transfer brings in time.
        TransferTooSlow: More are announced than can come within `seconds`.
        TransferIncomplete: Nothing could prove that the body is complete, or it is
            compressed by anything but gzip.
    """

    def __init__(
        self,
        response: _Response,
        *,
        watchdog: ExchangeWatchdog,
        seconds: float,
        max_bytes: int,
    ) -> None:
        self._response = response
        self._watchdog = watchdog
        self._max_bytes = max_bytes
        self._wire_bytes = 0
        self._output_bytes = 0
        self._compressed = b""

        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise TransferIncomplete("the result is compressed, but not by gzip")
        gzipped = encoding.endswith("gzip")
        self._gunzip: Any = zlib.decompressobj(wbits=31) if gzipped else None

        try:
            framing = framing_of(response.raw)
        except FramingRefused:
            raise TransferIncomplete("the result's end is not recognized") from None
        self._length = framing.length
        self.announced_bytes = None if gzipped else self._length

        if self.announced_bytes is not None and self.announced_bytes > max_bytes:
            raise ResultTooLarge("the result announces more bytes than are allowed")
        needed_seconds = (self._length or 0) / _MAX_BYTES_PER_SECOND
        if needed_seconds > FUNCTIONS["download"].timeout:
            raise TransferImpossible("the result would outlast any transfer")
        if needed_seconds > seconds:
            raise TransferTooSlow("the result would outlast the time that is left")
        if self.announced_bytes is None and not framing.chunked and not gzipped:
            raise TransferIncomplete("the result cannot prove that it is complete")
        watchdog.require_minimum_rate()

    def readinto(self, buffer: memoryview) -> int:
        """See `Body.readinto`."""
        try:
            read = self._read_plain if self._gunzip is None else self._read_gzip
            count = read(buffer)
        except CourierError:
            raise
        except (*TRANSPORT_ERRORS, zlib.error):
            raise self._incomplete("the connection broke") from None

        self._output_bytes += count
        self._check_size(self._output_bytes)
        return count

    def close(self) -> None:
        """See `Body.close`."""
        self._response.close()
        self._watchdog.close()

    def _read_plain(self, buffer: memoryview) -> int:
        filled = 0
        while (space := len(buffer) - filled) and (
            data := self._read_wire(min(_READ_BYTES, space))
        ):
            buffer[filled : filled + len(data)] = data
            filled += len(data)
        return filled

    def _read_gzip(self, buffer: memoryview) -> int:
        while not self._gunzip.eof:
            data: bytes = self._gunzip.decompress(self._compressed, len(buffer))
            self._compressed = self._gunzip.unconsumed_tail
            if (
                self._output_bytes + len(data) - _COMPRESSION_RATIO_SLACK_BYTES
                > self._wire_bytes * _MAX_COMPRESSION_RATIO
            ):
                raise ResultTooLarge("the result unpacks to more than a CSV can")
            if data:
                buffer[: len(data)] = data
                return len(data)
            if not self._gunzip.eof:
                self._compressed = self._read_wire(_READ_BYTES)
                if not self._compressed:
                    raise self._incomplete("the compressed result was cut")
        if self._gunzip.unused_data or self._read_wire(1):
            raise TransferIncomplete("something follows the compressed result")
        return 0

    def _read_wire(self, size: int) -> bytes:
        data: bytes = self._response.raw.read(size, decode_content=False)
        self._watchdog.bytes_received(len(data))
        self._wire_bytes += len(data)
        self._check_size(self._wire_bytes)
        if not data and self._length is not None and self._wire_bytes < self._length:
            raise self._incomplete("the result is shorter than announced")
        return data

    def _check_size(self, count: int) -> None:
        if count > self._max_bytes:
            raise ResultTooLarge("the result has more bytes than are allowed")

    def _incomplete(self, fact: str) -> CourierError:
        if self._watchdog.expired:
            return TransferTooSlow("the result came too slowly")
        return TransferIncomplete(fact)
