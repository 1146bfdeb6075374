"""Let the client of the local stack begin and end drills, by HTTP on this machine."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.drills import DRILLS, OFF, DrillSwitch


def _handler(switch: DrillSwitch, root: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Begins the drill that a POST names; only whoever knows the root can.

        A GET of the root says which one is on.
        """

        def do_GET(self) -> None:
            if self.path != root:
                self._answer(HTTPStatus.NOT_FOUND, {})
                return
            since = datetime.fromtimestamp(switch.since, UTC).isoformat()
            document = {"drill": switch.current, "since": since}
            self._answer(HTTPStatus.OK, document if switch.current else {})

        def do_POST(self) -> None:
            name = self.path.removeprefix(root)
            if not self.path.startswith(root) or name not in {OFF, *DRILLS}:
                self._answer(HTTPStatus.NOT_FOUND, {})
                return
            if name == OFF:
                switch.end()
                self._answer(HTTPStatus.OK, {})
                return
            drill = switch.begin(name, now=time.time())
            texts = {"fault": drill.fault, "sees": drill.sees, "does": drill.does}
            self._answer(HTTPStatus.OK, texts)

        def _answer(self, status: HTTPStatus, document: dict[str, str]) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            """Log nothing."""

    return Handler


@contextmanager
def serve_drills(switch: DrillSwitch) -> Iterator[str]:
    """Serve until the block ends, which ends the drill; yield the address.

    A page in a browser could post here, so that the address has a key in it.
    """
    root = f"/{secrets.token_urlsafe(16)}/"
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(switch, root)) as server:
        serve_forever = partial(server.serve_forever, poll_interval=0.05)
        thread = threading.Thread(target=serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{root}"
        finally:
            server.shutdown()
            thread.join()
            switch.end()
