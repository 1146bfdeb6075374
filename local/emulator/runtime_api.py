"""Serve the Lambda Runtime API, which one execution environment calls.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.server
import queue
import re
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_RESULT = re.compile(r"/runtime/invocation/([^/]+)/(response|error)$")
_ACCEPTED = b'{"status":"OK"}'


@dataclass(frozen=True)
class Invocation:
    """One event for a handler, with what the runtime sends along."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str | None

    def headers(self) -> dict[str, str]:
        """Return the headers of the response that carries the event."""
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
        }
        if self.trace_id:
            headers["Lambda-Runtime-Trace-Id"] = self.trace_id
        return headers


@dataclass(frozen=True)
class InvocationReply:
    """The result or the error document of an invocation, with a line for its log."""

    request_id: str
    failed: bool
    body: bytes
    log_line: str = ""


class RuntimeApi:
    """The server of one environment process; a new process gets a new server.

    `ready` is set when the runtime asks for its first event or reports that it
    could not start; in the second case `init_error` is its error document.
    """

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.init_error: bytes | None = None
        self.replies: queue.Queue[InvocationReply] = queue.Queue()
        self._invocations: queue.Queue[Invocation | None] = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), _request_handler(self))
        self._thread = threading.Thread(target=self._server.serve_until_closed)
        self._thread.daemon = True
        self._thread.start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def offer(self, invocation: Invocation) -> None:
        """Queue an event for the runtime, which asks for one at a time."""
        self._invocations.put(invocation)

    def next(self) -> Invocation | None:
        """Wait for an event; return None when the environment is being closed."""
        self.ready.set()
        return self._invocations.get()

    def close(self) -> None:
        """Stop listening, and release a runtime that waits for an event."""
        self._invocations.put(None)
        self._server.is_closing = True
        with suppress(OSError):  # a last connection, for which the thread may wait
            socket.create_connection(self._server.server_address).close()
            self._thread.join()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    server_address: tuple[str, int]
    is_closing = False

    def serve_until_closed(self) -> None:
        """Answer connections, without the polling of `serve_forever`."""
        while not self.is_closing:
            self.handle_request()

    def handle_error(self, *args: Any) -> None:  # noqa: ANN401 - passed on
        # A runtime that was killed during a request is no error of the server.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*args)


def _request_handler(api: RuntimeApi) -> type[http.server.BaseHTTPRequestHandler]:
    class RuntimeRequestHandler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # buffered: one segment per answer, so no delayed ACK

        def do_GET(self) -> None:
            if not self.path.endswith("/runtime/invocation/next"):
                self._answer(404)
                return
            invocation = api.next()
            if invocation is None:
                self._answer(500)
            else:
                self._answer(200, invocation.payload, invocation.headers())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            result = _RESULT.search(self.path)
            if self.path.endswith("/runtime/init/error"):
                api.init_error = body
                self._answer(202, _ACCEPTED)
                api.ready.set()
            elif result:
                self._answer(202, _ACCEPTED)
                request_id, kind = result.groups()
                api.replies.put(InvocationReply(request_id, kind == "error", body))
            else:
                self._answer(404)

        def _answer(
            self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Log nothing: the emulator shows only the function's own log."""

    return RuntimeRequestHandler
