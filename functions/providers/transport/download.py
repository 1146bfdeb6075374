"""Download: a result on its way, which is whole or an error."""

import http.client
import zlib
from collections.abc import Callable
from typing import Any

from functions.core.errors import (
    CourierError,
    ResultTooLarge,
    TransferIncomplete,
    TransferTooSlow,
)
from functions.providers.transport.connection import ExchangeWatchdog

_PIECE = 64 * 1024
_STEP = 32 * 1024
#: No CSV packs better; what does was made to burst.
_MOST_RATIO = 200
# What goes wrong while bytes move.
_BROKEN = (http.client.HTTPException, OSError, ValueError, zlib.error)


class Download:
    """A result on its way, read straight into the caller's buffers.

    It is whole only where the transfer itself proves it: a length that was
    announced and kept, the last chunk, or the trailer of a gzip stream. A
    connection that merely closes proves nothing.
    """

    def __init__(
        self,
        raw: http.client.HTTPResponse,
        *,
        encoding: str,
        watchdog: ExchangeWatchdog,
        release: Callable[[], None],
        max_bytes: int,
    ) -> None:
        self._raw = raw
        self._watchdog = watchdog
        # Also keeps the response alive: collected, it would end the stream silently.
        self._release = release
        self._max_bytes = max_bytes
        self._chunked = bool(raw.chunked)
        length = None if self._chunked else raw.length
        self._inflate = _gunzip_if_packed(encoding)
        self._packed = b""
        self._wire_bytes = 0
        self._given_bytes = 0
        self._length = length
        self.announced_bytes = length if self._inflate is None else None

        if self.announced_bytes is not None and self.announced_bytes > max_bytes:
            raise ResultTooLarge("the result announces more bytes than are allowed")
        if self.announced_bytes is None and not self._chunked and self._inflate is None:
            raise TransferIncomplete("the result could not prove that it is whole")
        watchdog.require_minimum_rate()

    def readinto(self, buffer: memoryview) -> int:
        """See `Body.readinto`."""
        try:
            if self._inflate is None:
                count = self._from_wire(buffer)
            else:
                count = self._unpack(buffer)
        except CourierError:
            raise
        except _BROKEN:
            raise self._broken("the connection broke") from None

        self._given_bytes += count
        self._hold_cap(self._given_bytes)
        return count

    def close(self) -> None:
        """See `Body.close`."""
        self._release()

    def _from_wire(self, buffer: memoryview) -> int:
        filled = 0
        # In small steps: a read ends only when it is full, and the watch wants to
        # hear what came before its window is over.
        while count := self._raw.readinto(buffer[filled : filled + _STEP]):
            filled += count
            self._watchdog.bytes_received(count)
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
        if self._watchdog.expired:
            return TransferTooSlow("the result came too slowly")
        return TransferIncomplete(fact)


def _gunzip_if_packed(encoding: str) -> Any:  # noqa: ANN401 - zlib hides the class
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding not in ("gzip", "x-gzip"):
        raise TransferIncomplete("the result came packed in a way not asked for")
    return zlib.decompressobj(wbits=31)
