"""Server: gives the page to a browser on this machine, and to nobody else.

The browser never sees credentials, but whoever may read here sees the jobs and
their results. So it listens on the loopback only, wants a key in the path that
other pages and other users cannot know, answers to its own names alone (a foreign
name that leads here is DNS rebinding), takes nothing but GET, and lets pages load
from nowhere else.
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

from verdict_courier.console.page_response import Reply

#: Gives the reply for a path below the key, None where there is none.
Replies = Callable[[str], Reply | None]

_GUARDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _Handler(BaseHTTPRequestHandler):
    """Guards the way to the replies."""

    timeout = 30
    server_version = "courier"
    sys_version = ""

    server: ThreadingHTTPServer

    def __init__(self, *args: Any, key: str, replies: Replies) -> None:  # noqa: ANN401 - the server's own
        self._key = key
        self._replies = replies
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer a GET."""
        port = self.server.server_port
        if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return
        path = unquote(urlsplit(self.path).path)
        _, key, below = path.split("/", 2) if path.count("/") > 1 else ("", "", "")
        if not secrets.compare_digest(key.encode(), self._key.encode()):
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        found = self._replies(below)
        if found is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        # A browser that went away needs no answer.
        with suppress(ConnectionError, TimeoutError):
            self._send(found)

    def send_error(self, code: int, *_: object, **__: object) -> None:
        """Refuse what is no GET, too, in our own words and under our guards."""
        known = HTTPStatus(code)
        allowed = known is HTTPStatus.NOT_IMPLEMENTED  # the standard library's for POST
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED if allowed else known)

    def log_message(self, *_args: object) -> None:
        """Say nothing: nobody reads it."""

    def _refuse(self, status: HTTPStatus) -> None:
        more = {"Allow": "GET"} if status is HTTPStatus.METHOD_NOT_ALLOWED else {}
        words = [f"{status.phrase}.\n".encode()]
        with suppress(ConnectionError, TimeoutError):
            self._send(
                Reply(kind="text/plain", pieces=words, status=status, headers=more)
            )

    def _send(self, sent: Reply) -> None:
        self.send_response(sent.status)
        self.send_header("Content-Type", sent.kind)
        for name, value in {**_GUARDS, **sent.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in sent.pieces:
            self.wfile.write(piece)


@contextmanager
def served(replies: Replies) -> Iterator[str]:
    """Serve as long as the block lasts; give the page's address."""
    key = secrets.token_urlsafe(16)
    handler = partial(_Handler, key=key, replies=replies)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serve = partial(server.serve_forever, poll_interval=0.05)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{key}/"
        finally:
            server.shutdown()
            thread.join()
