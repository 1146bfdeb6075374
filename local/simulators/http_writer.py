"""Write HTTP replies to a socket, as the standard defines them or broken on purpose.

No library writes a wrong Content-Length, a cut chunk or a reset, so this module does.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPMethod, HTTPStatus
from http.client import responses

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
class HttpReply:
    """A response, and how it is sent; the defaults are those of a correct server."""

    status: int = HTTPStatus.OK
    headers: Headers = ()
    content: Content = field(default_factory=lambda: Content.of(b""))
    interrupted: Callable[[], None] = lambda: None  # called if not all was sent
    framing: Framing = Framing.LENGTH
    length_lie: int = 0  # is added to the true Content-Length
    cut_after: int | None = None  # bytes of the body that are still sent
    ending: Ending = Ending.KEEP
    drip_seconds: float | None = None  # between single bytes
    drips_head: bool = False
    has_head: bool = True  # False: not a single byte is sent


def send(
    reply: HttpReply,
    connection: socket.socket,
    stopping: threading.Event,
    *,
    method: str,
    keep_alive: bool,
) -> bool:
    """Send a reply; return whether another request may follow on the connection.

    A slow reply ends with a ConnectionAbortedError when `stopping` is set.
    """
    keep_alive = (
        keep_alive
        and reply.ending is Ending.KEEP
        and reply.framing is not Framing.CLOSE
        and reply.cut_after is None
        and not reply.length_lie
    )

    def write(data: bytes, pause: float | None) -> None:
        step = len(data) if pause is None else 1
        for at in range(0, len(data), step or 1):
            if pause is not None and stopping.wait(pause):
                raise ConnectionAbortedError
            connection.sendall(data[at : at + step])

    complete = False
    try:
        if reply.has_head:
            head_pause = reply.drip_seconds if reply.drips_head else None
            write(_head(reply, keep_alive=keep_alive), head_pause)
            bodiless = method == HTTPMethod.HEAD or reply.status in _BODILESS
            for piece in () if bodiless else _body(reply):
                write(piece, reply.drip_seconds)
            complete = bodiless or reply.cut_after is None
    finally:
        if not complete:
            reply.interrupted()

    _end(connection, reply.ending)
    return keep_alive


def _end(connection: socket.socket, ending: Ending) -> None:
    if ending is Ending.RESET:
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    elif ending is Ending.HALF_CLOSE:
        socket.socket.shutdown(connection, socket.SHUT_WR)
    if ending in {Ending.STALL, Ending.HALF_CLOSE}:
        wait_until_closed(connection)


def wait_until_closed(connection: socket.socket) -> None:
    """Return when the client has closed, or the server has shut the socket down."""
    while connection.recv(65536):
        pass


def _head(reply: HttpReply, *, keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {responses.get(reply.status, '')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.status not in _BODILESS:
        if reply.framing is Framing.CHUNKED:
            lines.append("Transfer-Encoding: chunked")
        elif reply.framing is Framing.LENGTH:
            length = reply.content.measured() + reply.length_lie
            lines.append(f"Content-Length: {length}")
    if not keep_alive:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _body(reply: HttpReply) -> Iterator[bytes]:
    """Yield the body in its framing, up to the cut."""
    left = reply.cut_after
    chunked = reply.framing is Framing.CHUNKED
    for block in reply.content.produce():
        piece = block if left is None else block[:left]
        if chunked and piece:
            # A cut chunk still announces the size of the whole one.
            end = b"\r\n" if piece == block else b""
            yield b"%x\r\n%b%b" % (len(block), piece, end)
        else:
            yield piece
        if left is not None:
            left -= len(piece)
        if len(piece) < len(block):
            return
    if chunked and left is None:
        yield b"0\r\n\r\n"
