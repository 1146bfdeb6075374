"""Serve HTTP on loopback in threads that all end at once when the server stops."""

import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import IO, cast
from urllib.parse import parse_qsl, urlsplit

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import LimitedStream

from local.simulators.content import BLOCK
from local.simulators.http_writer import HttpReply, send, wait_until_closed

LOOPBACK = "127.0.0.1"
_Socket = socket.socket | tuple[bytes, socket.socket]  # the latter is one of UDP


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request whose body is still to be read, up to its Content-Length."""

    method: str
    target: str  # as it was sent, query included
    path: str  # the same without the query
    query: Mapping[str, str]
    headers: Message
    body: LimitedStream
    chunked: bool


Application = Callable[[HttpRequest], HttpReply]


class HttpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers each connection in a thread of its own, by calling the application."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self, port: int, application: Application, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__((LOOPBACK, port), _Connection)
        self.port = int(self.socket.getsockname()[1])
        self.application = application
        self.tls = tls
        self.stopping = threading.Event()
        self.connections: set[socket.socket] = set()  # that are open

    def serve_until_stopped(self) -> None:
        """Answer connections, without the polling of `serve_forever`."""
        while not self.stopping.is_set():
            self.handle_request()

    def shutdown_request(self, request: _Socket) -> None:
        """Close without the base class's FIN, which would precede a chosen reset."""
        self.close_request(request)

    def handle_error(self, request: _Socket, client_address: object) -> None:
        """Report our own mistakes, not clients that leave or a server that stops."""
        expected = (ConnectionError, ssl.SSLError, ClientDisconnected)
        if not isinstance(sys.exception(), expected):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    """Reads request after request from a connection, until either side closes."""

    server: HttpServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        if self.server.tls is not None:
            # The handshake happens in this thread, so that no other connection waits.
            self.request = self.server.tls.wrap_socket(
                self.request, server_side=True, do_handshake_on_connect=False
            )
        self.server.connections.add(self.request)
        if self.server.stopping.is_set():
            _shut_down(self.request)
        super().setup()

    def handle(self) -> None:
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.do_handshake()
        super().handle()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.server.connections.discard(self.connection)
        self.connection.close()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        chunked = "transfer-encoding" in self.headers
        length = self.headers.get("content-length", "0")
        limit = int(length) if length.isdecimal() and not chunked else 0
        request = HttpRequest(
            method=self.command,
            target=self.path,
            path=url.path,
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers=self.headers,
            body=LimitedStream(cast("IO[bytes]", self.rfile), limit),
            chunked=chunked,
        )
        reply = self.server.application(request)
        # A client that is still sending would not read the answer.
        while request.body.read(BLOCK):
            pass
        self.close_connection = not send(
            reply,
            self.connection,
            self.server.stopping,
            method=self.command,
            keep_alive=not chunked and not self.close_connection,
        )
        if chunked:
            # Closing now would reset the connection before the answer is read.
            wait_until_closed(self.connection)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class names it so
        """Write no access log; the request log is what tests read."""

    # The base class finds the methods by these names.
    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _answer  # noqa: N815


@contextmanager
def serving(
    application: Application, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[HttpServer]:
    """Serve on loopback, then end every connection and thread; port 0 is any free."""
    server = HttpServer(port, application, tls)
    name = f"simulator:{server.port}"
    thread = threading.Thread(target=server.serve_until_stopped, name=name)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        with suppress(OSError):  # a last connection, for which the thread may wait
            socket.create_connection((LOOPBACK, server.port)).close()
        thread.join()
        for connection in server.connections.copy():
            _shut_down(connection)
        server.server_close()  # which waits for the connections' threads


def _shut_down(connection: socket.socket) -> None:
    # The plain socket's shutdown: that of TLS would detach an object that is in use.
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
