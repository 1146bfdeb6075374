"""Serve the console to a browser on this machine, and to no other.

The browser gets no credentials, but whoever can read the console sees the jobs and
their results. So the server listens on the loopback interface only, requires a key in
the path that other pages and other users cannot know, responds to its own host names
only (another name that resolves to it is DNS rebinding), and forbids pages to load
anything from other servers.

A GET changes nothing. What changes something is a POST from a page of this server: the
browser says so in `Origin`, and a header repeats the key, which no form can send, and
no script of another origin without asking first, which is refused.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from verdict_courier.api_client import ApiError, ApiUnreachable
from verdict_courier.console.page_response import PageResponse

#: Returns the response for a path below the key, None if there is none.
Respond = Callable[[str], PageResponse | None]

#: The header in which a page repeats the key of its path.
KEY_HEADER = "X-Courier-Key"

_SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _ConsoleHandler(BaseHTTPRequestHandler):
    """Checks host name, key, method and origin before it responds."""

    timeout = 30
    server_version = "courier"
    sys_version = ""

    server: ThreadingHTTPServer

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - the server's own
        key: str,
        respond: Respond,
        act: Respond | None,
    ) -> None:
        self._key = key
        self._respond = respond
        self._act = act
        super().__init__(*args)

    def do_GET(self) -> None:
        """Respond to a GET."""
        if (below := self._path_below_key()) is not None:
            self._send_if_there(self._respond(below))

    def do_POST(self) -> None:
        """Do what a page of this server asks for."""
        if self._act is None:
            self._send_status(HTTPStatus.METHOD_NOT_ALLOWED)
            return
        if (below := self._path_below_key()) is None:
            return
        # Both without exception: a browser always says from where a POST is.
        is_ours = self.headers.get("Origin") == f"http://{self.headers['Host']}"
        if not (is_ours and self._is_key(self.headers.get(KEY_HEADER, ""))):
            self._send_status(HTTPStatus.FORBIDDEN)
            return
        self._send_if_there(self._act(below))

    def _path_below_key(self) -> str | None:
        """Return what is asked for; None, after a refusal, for a stranger."""
        port = self.server.server_port
        if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            self._send_status(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        path = unquote(urlsplit(self.path).path)
        _, key, below = path.split("/", 2) if path.count("/") > 1 else ("", "", "")
        if not self._is_key(key):
            self._send_status(HTTPStatus.NOT_FOUND)
            return None
        return below

    def _is_key(self, text: str) -> bool:
        return secrets.compare_digest(text.encode(), self._key.encode())

    def _send_if_there(self, response: PageResponse | None) -> None:
        if response is None:
            self._send_status(HTTPStatus.NOT_FOUND)
        else:
            self._send(response)

    def send_error(self, code: int, *_: object, **__: object) -> None:
        """Refuse other methods and bad requests, with the same headers."""
        status = HTTPStatus(code)
        # The standard library's status for a method that this class does not have.
        if status is HTTPStatus.NOT_IMPLEMENTED:
            status = HTTPStatus.METHOD_NOT_ALLOWED
        self._send_status(status)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""

    def _send_status(self, status: HTTPStatus) -> None:
        not_allowed = status is HTTPStatus.METHOD_NOT_ALLOWED
        allowed = "GET, POST" if self._act else "GET"
        self._send(
            PageResponse(
                media_type="text/plain",
                chunks=[f"{status.phrase}.\n".encode()],
                status=status,
                headers={"Allow": allowed} if not_allowed else {},
            )
        )

    def _send(self, response: PageResponse) -> None:
        # The browser closed the connection, or the result's transfer broke off or
        # differs from the manifest, which the announced length shows.
        with suppress(ConnectionError, TimeoutError, ApiError, ApiUnreachable):
            self.send_response(response.status)
            self.send_header("Content-Type", response.media_type)
            for name, value in {**_SECURITY_HEADERS, **response.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for chunk in response.chunks:
                self.wfile.write(chunk)


@contextmanager
def serve(respond: Respond, act: Respond | None = None) -> Iterator[str]:
    """Serve until the block ends, and yield the console's address.

    `act` carries out what the pages ask for by POST; without it they only show.
    """
    key = secrets.token_urlsafe(16)
    handler = partial(_ConsoleHandler, key=key, respond=respond, act=act)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serve_forever = partial(server.serve_forever, poll_interval=0.05)
        thread = threading.Thread(target=serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{key}/"
        finally:
            server.shutdown()
            thread.join()
