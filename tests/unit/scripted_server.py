"""A server on this machine that answers each path as a test scripts it."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JOB: dict[str, Any] = {
    "job_id": "0" * 64,
    "provider": "ipqs",
    "type": "email",
    "phase": "finished",
    "outcome": "succeeded",
    "attempt": 1,
    "checks": 3,
    "next_check_at": None,
    "deadline_at": None,
    "rows": 12,
    "verdict": "complete",
    "received_at": "2026-11-22T10:00:00.000Z",
    "submitted_at": "2026-11-22T10:00:01.000Z",
    "ended_at": "2026-11-22T10:01:00.000Z",
    "error": None,
    "links": {"self": "/jobs/0", "execution": "https://console"},
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response; without a `Content-Length` it ends with the connection."""

    body: Iterable[bytes] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, document: object, status: int = 200) -> "Answer":
        """Return an answer as the API gives it."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return cls(body=[json.dumps(document).encode()], status=status, headers=headers)


@dataclass
class ScriptedServer:
    """The address, the answers by path, and the headers of all requests by path."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def answer_all(self, answer: Answer) -> None:
        """Answer everything that has no answer of its own in one way."""
        self.answers[""] = answer

    @classmethod
    @contextmanager
    def started(cls) -> "Iterator[ScriptedServer]":
        """Serve until the block ends."""
        script = cls()
        handler = partial(_Handler, script=script)
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            script.url = f"http://127.0.0.1:{server.server_port}"
            serve = partial(server.serve_forever, poll_interval=0.05)
            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            yield script
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, *args: Any, script: ScriptedServer) -> None:  # noqa: ANN401 - the server's own
        self._script = script
        super().__init__(*args)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self._script.requests.append((path, dict(self.headers)))
        answers = self._script.answers
        # One may be for a path with its query.
        answer = answers.get(self.path) or answers.get(path) or answers[""]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):  # the client has read enough
            for part in answer.body:
                self.wfile.write(part)

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left and (chunk := self.rfile.read(min(left, 65_536))):
            left -= len(chunk)
        self.do_GET()

    def log_message(self, *_args: object) -> None:
        """Log nothing."""
