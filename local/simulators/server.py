"""A threaded HTTP server on a real socket, which leaves no thread behind."""

import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from urllib.parse import parse_qsl, urlsplit

from local.simulators.content import BLOCK
from local.simulators.http_writer import Reply, Wire, wait_until_left

LOOPBACK = "127.0.0.1"


class Body:
    """The body of a request, read as it arrives and never beyond its length."""

    def __init__(self, source: BufferedIOBase, length: int) -> None:
        self._source = source
        self.left = length

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; nothing at the end."""
        data = self._source.read(min(size, self.left))
        if not data and self.left:
            raise ConnectionAbortedError("the client left in the middle of its body")
        self.left -= len(data)
        return data

    def drain(self) -> None:
        """Read what nobody wanted, so that the client gets to hear the answer."""
        while self.read(BLOCK):
            pass


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; the body is yet to be read."""

    method: str
    target: str  # as it was sent, query included
    path: str  # the same without the query
    query: tuple[tuple[str, str], ...]
    headers: Message
    body: Body
    chunked: bool


Application = Callable[[Request], Reply]


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers each connection in its own thread, by asking the application."""

    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True  # server_close() waits for every thread
    request_queue_size = 128

    def __init__(
        self, port: int, application: Application, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__((LOOPBACK, port), _Connection)
        self.application = application
        self.tls = tls
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.socket.getsockname()[1])

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection, to end it with the server."""
        with self._lock:
            self._connections.add(connection)
        if self.stopping.is_set():
            _shut_down(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._connections.discard(connection)

    def stop(self) -> None:
        """Take no more connections, end those that are open, wait for the threads."""
        self.stopping.set()
        self.shutdown()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            _shut_down(connection)
        self.server_close()

    def shutdown_request(
        self, request: socket.socket | tuple[bytes, socket.socket]
    ) -> None:
        """Only close: a FIN of the base class would come before a chosen reset."""
        self.close_request(request)

    def handle_error(
        self,
        request: socket.socket | tuple[bytes, socket.socket],
        client_address: object,
    ) -> None:
        """Report our own mistakes, not clients that leave or a server that stops."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    """One connection: request after request, until one of the two has enough."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        raw: socket.socket = self.request
        self.server.opened(raw)
        if self.server.tls is not None:
            secured = self.server.tls.wrap_socket(
                raw, server_side=True, do_handshake_on_connect=False
            )
            self.request = secured
            self.server.closed(raw)
            self.server.opened(secured)
        super().setup()

    def handle(self) -> None:
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.do_handshake()
        super().handle()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.server.closed(self.connection)
        self.connection.close()

    def _answer(self) -> None:
        address = urlsplit(self.path)
        chunked = "transfer-encoding" in self.headers
        length = 0 if chunked else _length(self.headers)
        body = Body(self.rfile, length)
        reply = self.server.application(
            Request(
                method=self.command,
                target=self.path,
                path=address.path,
                query=tuple(parse_qsl(address.query, keep_blank_values=True)),
                headers=self.headers,
                body=body,
                chunked=chunked,
            )
        )
        body.drain()
        wire = Wire(self.connection, self.server.stopping)
        goes_on = wire.send(
            reply,
            method=self.command,
            keep_alive=not chunked and not self.close_connection,
        )
        self.close_connection = not goes_on
        if chunked:
            # Closing on what is still arriving would take the answer from the client.
            wait_until_left(self.connection)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class names it so
        """Write no access log: `requests` is what tests look at."""

    # The base class finds the methods by these names.
    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _answer  # noqa: N815


@contextmanager
def serving(
    application: Application, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """Serve on loopback, on a free port unless one is named, until the block ends."""
    server = Server(port, application, tls)
    thread = threading.Thread(
        target=server.serve_forever, args=(0.01,), name=f"simulator:{server.port}"
    )
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


def _shut_down(connection: socket.socket) -> None:
    # The plain socket's shutdown: that of TLS takes the object from under its thread.
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _length(headers: Message) -> int:
    announced = headers.get("content-length", "0")
    return int(announced) if announced.isdecimal() else 0
