"""HTTP replies on a socket: as the standard has them, or broken in a chosen way.

No library writes a wrong Content-Length, a cut chunk or a reset, so this one does.
"""

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPMethod, HTTPStatus

from local.simulators.content import Content

Headers = tuple[tuple[str, str], ...]
_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class Framing(Enum):
    """How the receiver learns where a body ends."""

    LENGTH = auto()
    CHUNKED = auto()
    CLOSE = auto()


class Ending(Enum):
    """What happens to the connection after the reply, or after its cut part."""

    KEEP = auto()
    CLOSE = auto()
    HALF_CLOSE = auto()  # our direction is closed, the socket stays open
    RESET = auto()  # TCP RST
    STALL = auto()  # nothing more, until the client leaves or the server stops


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a reply travels; the defaults are what a good server does."""

    framing: Framing = Framing.LENGTH
    length_lie: int = 0  # added to the true Content-Length
    cut_after: int | None = None  # bytes of the body that are still sent
    ending: Ending = Ending.KEEP
    drip_seconds: float | None = None  # between single bytes
    drips_head: bool = False
    has_head: bool = True  # False: not a single byte is sent


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer to a request."""

    status: int = HTTPStatus.OK
    headers: Headers = ()
    content: Content = field(default_factory=lambda: Content.of(b""))
    delivery: Delivery = Delivery()
    interrupted: Callable[[], None] = lambda: None  # called if not all was sent


class HttpWriter:
    """The writing side of a connection; the event says that the server stops."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection = connection
        self._stopping = stopping

    def send(self, reply: HttpReply, *, method: str, keep_alive: bool) -> bool:
        """Send a reply; return whether another request may follow it."""
        delivery = reply.delivery
        keep_alive = (
            keep_alive
            and delivery.ending is Ending.KEEP
            and delivery.framing is not Framing.CLOSE
            and delivery.cut_after is None
            and not delivery.length_lie
        )
        complete = False
        try:
            complete = self._send(reply, method=method, keep_alive=keep_alive)
        finally:
            if not complete:
                reply.interrupted()

        if delivery.ending is Ending.RESET:
            linger = struct.pack("ii", 1, 0)
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        elif delivery.ending is Ending.HALF_CLOSE:
            socket.socket.shutdown(self._connection, socket.SHUT_WR)
        if delivery.ending in {Ending.STALL, Ending.HALF_CLOSE}:
            wait_until_closed(self._connection)
        return keep_alive

    def _send(self, reply: HttpReply, *, method: str, keep_alive: bool) -> bool:
        """Return whether everything was sent that the head announces."""
        delivery, pause = reply.delivery, reply.delivery.drip_seconds
        if not delivery.has_head:
            return False
        head = _head(reply, keep_alive=keep_alive)
        self._write(head, pause if delivery.drips_head else None)
        if method == HTTPMethod.HEAD or reply.status in _BODILESS:
            return True

        left = delivery.cut_after
        chunked = delivery.framing is Framing.CHUNKED
        for block in reply.content.produce():
            piece = block if left is None else block[:left]
            if piece:
                # A cut chunk still announces the size of the whole one.
                self._write(_chunk(piece, len(block)) if chunked else piece, pause)
            if len(piece) < len(block):
                return False
            if left is not None:
                left -= len(piece)
        if chunked and left is None:
            self._write(b"0\r\n\r\n", pause)
        return left is None or not chunked

    def _write(self, data: bytes, pause: float | None) -> None:
        if pause is None:
            self._connection.sendall(data)
            return
        for at in range(len(data)):
            if self._stopping.wait(pause):
                raise ConnectionAbortedError
            self._connection.sendall(data[at : at + 1])


def wait_until_closed(connection: socket.socket) -> None:
    """Return when the client has closed, or the server has shut the socket down."""
    while connection.recv(65536):
        pass


def _head(reply: HttpReply, *, keep_alive: bool) -> bytes:
    known = reply.status in set(HTTPStatus)
    reason = HTTPStatus(reply.status).phrase if known else ""
    lines = [f"HTTP/1.1 {reply.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.status not in _BODILESS:
        if reply.delivery.framing is Framing.CHUNKED:
            lines.append("Transfer-Encoding: chunked")
        elif reply.delivery.framing is Framing.LENGTH:
            length = reply.content.measured() + reply.delivery.length_lie
            lines.append(f"Content-Length: {length}")
    if not keep_alive:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _chunk(data: bytes, announced: int) -> bytes:
    end = b"\r\n" if len(data) == announced else b""
    return b"%x\r\n%b%b" % (announced, data, end)
