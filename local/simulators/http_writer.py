"""Sending a reply over a socket: as HTTP has it, or broken in a chosen way."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
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
    """What happens to the connection when the reply, or its cut part, is out."""

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
    cut_after: int | None = None  # bytes of the body that still go out
    ending: Ending = Ending.KEEP
    drip_seconds: float | None = None  # one byte at a time, this far apart
    drips_head: bool = False
    has_head: bool = True  # False: not one byte is answered


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer to one request."""

    status: int = HTTPStatus.OK
    headers: Headers = ()
    content: Content = field(default_factory=lambda: Content.of(b""))
    delivery: Delivery = Delivery()
    interrupted: Callable[[], None] = lambda: None  # called if it did not all go out


class Wire:
    """One connection's writing side."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection = connection
        self._stopping = stopping

    def send(self, reply: Reply, *, method: str, keep_alive: bool) -> bool:
        """Send it all; True when another request may follow on the connection."""
        delivery = reply.delivery
        bodiless = method == HTTPMethod.HEAD or reply.status in _BODILESS
        keep_alive = (
            keep_alive
            and delivery.ending is Ending.KEEP
            and delivery.framing is not Framing.CLOSE
            and delivery.cut_after is None
            and not delivery.length_lie
        )
        try:
            whole = self._send(reply, bodiless=bodiless, keep_alive=keep_alive)
        except OSError:
            reply.interrupted()
            raise
        if not whole:
            reply.interrupted()
        self._end(delivery.ending)
        return keep_alive

    def _send(self, reply: Reply, *, bodiless: bool, keep_alive: bool) -> bool:
        delivery = reply.delivery
        if not delivery.has_head:
            return False
        pause = delivery.drip_seconds
        head = _head(reply, keep_alive=keep_alive)
        self._write(head, pause if delivery.drips_head else None)
        if bodiless:
            return True

        left = delivery.cut_after
        chunked = delivery.framing is Framing.CHUNKED
        for block in reply.content.produce():
            piece = block if left is None else block[:left]
            if piece:
                # A cut chunk still announces what it would have held.
                self._write(_chunk(piece, len(block)) if chunked else piece, pause)
            if len(piece) < len(block):
                return False
            if left is not None:
                left -= len(piece)
        if chunked:
            if left is not None:
                return False
            self._write(b"0\r\n\r\n", pause)
        return True

    def _write(self, data: bytes, pause: float | None) -> None:
        if pause is None:
            self._connection.sendall(data)
            return
        for byte in _bytes(data):
            if self._stopping.wait(pause):
                raise ConnectionAbortedError
            self._connection.sendall(byte)

    def _end(self, ending: Ending) -> None:
        if ending is Ending.RESET:
            linger = struct.pack("ii", 1, 0)
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        elif ending is Ending.HALF_CLOSE:
            socket.socket.shutdown(self._connection, socket.SHUT_WR)
        if ending in {Ending.STALL, Ending.HALF_CLOSE}:
            wait_until_left(self._connection)


def wait_until_left(connection: socket.socket) -> None:
    """Return when the client has closed, or the server has shut the socket down."""
    while connection.recv(65536):
        pass


def _head(reply: Reply, *, keep_alive: bool) -> bytes:
    try:
        reason = HTTPStatus(reply.status).phrase
    except ValueError:
        reason = ""
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
    ending = b"\r\n" if len(data) == announced else b""
    return b"%x\r\n%b%b" % (announced, data, ending)


def _bytes(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))
