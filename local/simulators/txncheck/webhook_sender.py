"""Posting to an address of this machine, which the end of the simulator cuts short."""

import http.client
import ipaddress
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


def checked(url: str) -> str:
    """The address, if it is http:// on loopback: a simulator calls nobody else.

    Raises:
        ValueError: It is any other one.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not _is_loopback(parts.hostname) or not parts.port:
        raise ValueError("webhooks go to http://, a loopback address and a port only")
    return url


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class Postman:
    """Sends one body after the other, each on a connection of its own."""

    def __init__(self) -> None:
        self._connections: set[socket.socket] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float
    ) -> int | None:
        """The status of the answer; None if none came in time."""
        parts = urlsplit(checked(url))
        connection = http.client.HTTPConnection(
            str(parts.hostname), parts.port, timeout=seconds
        )
        with suppress(OSError, http.client.HTTPException):
            try:
                connection.connect()
                with self._open(connection.sock):
                    target = parts._replace(scheme="", netloc="").geturl() or "/"
                    connection.request("POST", target, body, dict(headers))
                    return connection.getresponse().status
            finally:
                connection.close()
        return None

    def stop(self) -> None:
        """End what is on its way, and send nothing any more."""
        with self._lock:
            self._stopped = True
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _open(self, connection: socket.socket) -> Iterator[None]:
        with self._lock:
            if self._stopped:
                raise ConnectionAbortedError
            self._connections.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)
