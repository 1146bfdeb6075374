"""HTTP posts to this machine, which the end of the simulator cuts short."""

import http.client
import ipaddress
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit


def check_url(url: str) -> str:
    """Return a URL that is http:// on loopback; ValueError if it is another one."""
    parts = urlsplit(url)
    try:
        address = ipaddress.ip_address(parts.hostname or "")
        loopback = address.is_loopback
    except ValueError:
        loopback = parts.hostname == "localhost"
    if parts.scheme != "http" or not loopback or not parts.port:
        raise ValueError("webhooks go to http://, a loopback address and a port only")
    return url


class WebhookSender:
    """Posts one body after the other, each on a connection of its own."""

    def __init__(self) -> None:
        self._sockets: set[socket.socket] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float
    ) -> int | None:
        """Return the status of the answer; None if none came in time."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(
            str(parts.hostname), parts.port, timeout=seconds
        )
        try:
            connection.connect()
            self._add(connection.sock)
            target = parts._replace(scheme="", netloc="").geturl() or "/"
            connection.request("POST", target, body, dict(headers))
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            with self._lock:
                self._sockets.discard(connection.sock)
            connection.close()

    def stop(self) -> None:
        """End what is under way, and send nothing any more."""
        with self._lock:
            self._stopped = True
            sockets = list(self._sockets)
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _add(self, connected: socket.socket) -> None:
        with self._lock:
            if self._stopped:
                raise ConnectionAbortedError
            self._sockets.add(connected)
