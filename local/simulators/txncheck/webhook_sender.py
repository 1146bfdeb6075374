"""HTTP posts to this machine, which the end of the simulator cuts short."""

import http.client
import ipaddress
import socket
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit


def check_url(url: str) -> str:
    """Return a URL that is http:// on loopback; ValueError if it is another one."""
    parts = urlsplit(url)
    loopback = parts.hostname == "localhost"
    with suppress(ValueError):
        loopback |= ipaddress.ip_address(parts.hostname or "").is_loopback
    if parts.scheme != "http" or not loopback or not parts.port:
        raise ValueError("webhooks go to http://, a loopback address and a port only")
    return url


class WebhookSender:
    """Posts one body after the other, each on a connection of its own."""

    def __init__(self) -> None:
        self._sockets: set[socket.socket] = set()  # that are open
        self._stopped = False

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float
    ) -> int | None:
        """Return the status of the answer; None if none came in time."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=seconds)
        with suppress(OSError, http.client.HTTPException):
            try:
                connection.connect()
                connected = connection.sock
                self._sockets.add(connected)
                if self._stopped:
                    return None
                target = parts._replace(scheme="", netloc="").geturl()
                connection.request("POST", target or "/", body, dict(headers))
                return connection.getresponse().status
            finally:
                self._sockets.discard(connection.sock)
                connection.close()
        return None

    def stop(self) -> None:
        """End what is under way, and send nothing any more."""
        self._stopped = True
        for each in self._sockets.copy():
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
