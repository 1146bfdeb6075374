"""Connection: what every socket to a provider obeys, whatever is sent over it."""

import http.client
import ipaddress
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import certifi
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from functions.core.errors import LinkRefused

#: A body slower than this for a whole window will not arrive.
MIN_WINDOW_BYTES = 64 * 1024
WINDOW_SECONDS = 30.0

_LONGEST_LINE = 1024
_HEX = re.compile(rb"[0-9A-Fa-f]{1,16}")


class ExchangeWatchdog:
    """Ends one exchange that takes too long, whatever it is doing.

    Timeouts of sockets are for a single read: a server that sends a byte now and
    then never meets them. The watch shuts the socket down from outside when the
    time is up, or when `fed` told of too few bytes for a window.
    """

    def __init__(
        self, seconds: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.connected = False
        self.expired = False
        self._clock = clock
        self._ends_at = clock() + seconds
        self._bytes = 0
        self._streaming = False
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def attach(self, connected: socket.socket) -> None:
        """Watch this socket; our copy of its handle survives its wrapping in TLS."""
        with self._lock:
            self._socket = socket.socket(fileno=os.dup(connected.fileno()))
            if self.expired:
                self._shut()

    def require_minimum_rate(self) -> None:
        """Ask for a least rate too, from the next whole window on."""
        self._streaming = True

    def bytes_received(self, count: int) -> None:
        """Tell that some bytes arrived."""
        self._bytes += count

    def close(self) -> None:
        """End watching; the socket itself is its owner's."""
        self._over.set()
        self._thread.join()
        with self._lock:
            if self._socket:
                self._socket.close()
                self._socket = None

    def _run(self) -> None:
        while True:
            before, streaming = self._bytes, self._streaming
            window_ends = self._clock() + WINDOW_SECONDS
            wakes_at = min(window_ends, self._ends_at)
            if self._over.wait(max(0.0, wakes_at - self._clock())):
                return
            slow = streaming and self._bytes - before < MIN_WINDOW_BYTES
            if slow or self._clock() >= self._ends_at:
                with self._lock:
                    self.expired = True
                    self._shut()
                return

    def _shut(self) -> None:
        if self._socket is None:
            return
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it was closed already, which is all that was wanted


class _StrictResponse(http.client.HTTPResponse):
    """Takes a chunk's size only where it stands whole on its line.

    The library takes "0", all that came of a cut "0800", for the last chunk.
    """

    def _read_next_chunk_size(self) -> int:
        line = self.fp.readline(_LONGEST_LINE)
        size = line.partition(b";")[0].strip()
        if not line.endswith(b"\n") or not _HEX.fullmatch(size):
            raise ValueError  # which the library turns into IncompleteRead
        return int(size, 16)


class GuardedAdapter(HTTPAdapter):
    """A transport for one exchange: watched, unretried, and to public addresses.

    The TLS context is shared and given: requests would load the CA bundle anew
    for every connection, ten times the cost of the handshake.
    """

    def __init__(
        self, *, tls: ssl.SSLContext, watchdog: ExchangeWatchdog, loopback: bool
    ) -> None:
        self._tls = tls
        self._watchdog = watchdog
        self._loopback = loopback
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,
        **pool_kwargs: Any,  # noqa: ANN401 - handed through as they come
    ) -> None:
        """Make pools whose connections carry the guard."""
        super().init_poolmanager(
            connections, maxsize, block, ssl_context=self._tls, **pool_kwargs
        )
        watch, loopback = self._watchdog, self._loopback

        class Plain(HTTPConnection):
            response_class = _StrictResponse

            def _new_conn(self) -> socket.socket:
                return _require_public_address(
                    super()._new_conn(), watch, loopback=loopback
                )

            def connect(self) -> None:
                super().connect()
                watch.connected = True

        class Secure(Plain, HTTPSConnection):
            """The same over TLS, which Plain's `super()` then means."""

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {
            "http": PlainPool,
            "https": SecurePool,
        }

    def cert_verify(self, *_args: object, **_kwargs: object) -> None:
        """Leave verification to the shared context, which requires it."""


def verified_tls_context() -> ssl.SSLContext:
    """Make the TLS context for providers: verified, TLS 1.2 or newer."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _require_public_address(
    connected: socket.socket, watch: ExchangeWatchdog, *, loopback: bool
) -> socket.socket:
    """Refuse addresses that no provider has, before a byte is sent to them."""
    address = ipaddress.ip_address(connected.getpeername()[0].partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    allowed = mapped.is_loopback if loopback else mapped.is_global
    if not allowed or mapped.is_multicast:
        connected.close()
        raise LinkRefused("the host's address is not a public one")
    watch.attach(connected)
    return connected
