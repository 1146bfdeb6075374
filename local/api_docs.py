"""Page: the API's description for a browser, served beside the local stack."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import swagger_ui_bundle

_INDEX = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Verdict Courier: the API</title>
<link rel="stylesheet" href="swagger-ui.css">
<link rel="icon" href="favicon-32x32.png">
</head>
<body>
<div id="page"></div>
<script src="swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "openapi.json", dom_id: "#page"})</script>
</body>
</html>
"""


class _Handler(SimpleHTTPRequestHandler):
    """Gives our two documents, and Swagger UI's files."""

    def __init__(self, *args: Any, written: dict[str, tuple[str, bytes]]) -> None:  # noqa: ANN401 - the server's own
        self._written = written
        super().__init__(*args, directory=swagger_ui_bundle.swagger_ui_path)

    def do_GET(self) -> None:
        """Answer a GET."""
        if self.path not in self._written:
            super().do_GET()
            return
        kind, content = self._written[self.path]
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Say nothing: nobody reads it."""


@contextmanager
def served(document: dict[str, Any], *, api_url: str) -> Iterator[str]:
    """Serve an OpenAPI document that is tried out against `api_url`; give the URL."""
    described = {**document, "servers": [{"url": api_url.rstrip("/")}]}
    written = {
        "/": ("text/html; charset=utf-8", _INDEX),
        "/openapi.json": ("application/json", json.dumps(described).encode()),
    }
    handler = partial(_Handler, written=written)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
