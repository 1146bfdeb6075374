"""Connections: connect to providers by verified TLS, for a limited time.

Only public addresses are allowed, or, for the local stack, only this machine.
"""

import http.client
import ipaddress
import os
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

import certifi
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from functions.core.errors import LinkRefused
from functions.providers.transport.framing import StrictResponse

#: Errors during a transfer, those of requests included, which are OSErrors. Their texts
#: may quote the URL.
TRANSPORT_ERRORS = (HTTPError, http.client.HTTPException, OSError, ValueError)

#: The fewest bytes of a body in each window; a slower one would not arrive in time.
MIN_WINDOW_BYTES = 64 * 1024
WINDOW_SECONDS = 30.0

_LOOPBACK = {
    4: ipaddress.ip_network("127.0.0.0/8"),
    6: ipaddress.ip_network("::1/128"),
}
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class ExchangeWatchdog:
    """Shuts down the socket of an exchange that takes too long.

    A socket's own timeout applies to a single read, so a server that sends a byte now
    and then never exceeds it. The watchdog is a thread. It acts when `seconds` are
    over, or, after `require_minimum_rate`, when too few bytes arrive in a window.
    """

    def __init__(self, seconds: float) -> None:
        self.connected = False
        self.expired = False
        self._ends_at = time.monotonic() + seconds
        self._bytes = 0
        self._streaming = False
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._thread.start()

    def attach(self, connected: socket.socket) -> None:
        """Watch a connected socket; at once, if the time is over already."""
        with self._lock:
            # A copy of the handle stays valid when TLS wraps the socket.
            self._socket = socket.socket(fileno=os.dup(connected.fileno()))
            if self.expired:
                self._shut()

    def require_minimum_rate(self) -> None:
        """Require a minimum rate too, from the next whole window on."""
        self._streaming = True

    def bytes_received(self, count: int) -> None:
        """Count bytes towards the minimum rate."""
        self._bytes += count

    def close(self) -> None:
        """Stop watching; closing the socket itself is up to its owner."""
        self._closed.set()
        self._thread.join()
        with self._lock:
            if self._socket:
                self._socket.close()
                self._socket = None

    def _run(self) -> None:
        while True:
            bytes_before, streaming = self._bytes, self._streaming
            seconds_left = max(0.0, self._ends_at - time.monotonic())
            if self._closed.wait(min(WINDOW_SECONDS, seconds_left)):
                return
            too_slow = streaming and self._bytes - bytes_before < MIN_WINDOW_BYTES
            if too_slow or time.monotonic() >= self._ends_at:
                with self._lock:
                    self.expired = True
                    self._shut()
                return

    def _shut(self) -> None:
        if self._socket:
            with suppress(OSError):  # the other side may have closed it already
                self._socket.shutdown(socket.SHUT_RDWR)


class GuardedAdapter(HTTPAdapter):
    """A requests adapter for one exchange: watched, never retried, strict.

    It connects to public addresses only or, with `loopback`, to this machine only.
    The TLS context is shared: requests would load the CA bundle for each connection,
    at ten times the cost of the handshake.
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
        **pool_kwargs: Any,  # noqa: ANN401 - passed on unchanged
    ) -> None:
        """Create pools whose connections are guarded."""
        super().init_poolmanager(
            connections, maxsize, block, ssl_context=self._tls, **pool_kwargs
        )
        watchdog, loopback = self._watchdog, self._loopback

        class GuardedHttp(HTTPConnection):
            response_class = StrictResponse

            # Private: `connect`, the public hook, is over after the TLS handshake,
            # which must be watched. The name stays the one that TLS verifies.
            def _new_conn(self) -> socket.socket:
                connected = _connect(
                    self.host, self.port, seconds=self.timeout, loopback=loopback
                )
                watchdog.attach(connected)
                return connected

            def connect(self) -> None:
                super().connect()
                watchdog.connected = True

        class GuardedHttps(GuardedHttp, HTTPSConnection):
            """The same over TLS: `super()` above is then HTTPSConnection."""

        class HttpPool(HTTPConnectionPool):
            ConnectionCls = GuardedHttp

        class HttpsPool(HTTPSConnectionPool):
            ConnectionCls = GuardedHttps

        self.poolmanager.pool_classes_by_scheme = {"http": HttpPool, "https": HttpsPool}

    def cert_verify(self, *_args: object, **_kwargs: object) -> None:
        """Leave verification to the TLS context, which requires it."""


def verified_tls_context() -> ssl.SSLContext:
    """Return a TLS context that verifies hosts and requires TLS 1.2 or newer."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def is_allowed_address(address: str, *, loopback: bool) -> bool:
    """Return whether a provider can have an IP address, or this machine has it.

    Of IPv6 only global unicast counts, without the networks whose addresses contain
    another one: a gateway would lead from there to any host, private ones included.
    """
    ip = ipaddress.ip_address(address)
    if loopback:
        return ip in _LOOPBACK.get(ip.version, ())
    if isinstance(ip, ipaddress.IPv6Address) and (
        ip not in _GLOBAL_UNICAST or ip.sixtofour or ip.teredo
    ):
        return False
    return ip.is_global and not ip.is_multicast


def _connect(
    host: str, port: int, *, seconds: float | None, loopback: bool
) -> socket.socket:
    """Connect to one of a host's addresses, all of which must be allowed.

    Raises:
        LinkRefused: The host has an address that no provider has.
        OSError: The host has no address, or none can be reached.
    """
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    for *_, address in found:
        if not is_allowed_address(str(address[0]), loopback=loopback):
            raise LinkRefused("the host's address is not a public one")
    failure = OSError("the host has no address")
    for family, kind, protocol, _, address in found:
        connected = socket.socket(family, kind, protocol)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.settimeout(seconds)
            connected.connect(address)
        except OSError as error:
            connected.close()
            failure = error
        else:
            return connected
    raise failure
