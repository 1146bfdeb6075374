"""Serve the API's reference, Swagger UI, with the addresses of the local stack.

It offers no calls: a browser cannot sign them, and no other origin may call the API.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import swagger_ui_bundle

_OPENAPI = Path(__file__).parents[1] / "docs" / "openapi.json"
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
<script>SwaggerUIBundle({
  url: "openapi.json", dom_id: "#page", supportedSubmitMethods: []
})</script>
</body>
</html>
"""


class _DocumentHandler(SimpleHTTPRequestHandler):
    """Serves the page, the OpenAPI document and the files of Swagger UI."""

    def __init__(self, *args: Any, documents: dict[str, tuple[str, bytes]]) -> None:  # noqa: ANN401 - the server's own
        self._documents = documents
        super().__init__(*args, directory=swagger_ui_bundle.swagger_ui_path)

    def do_GET(self) -> None:
        """Respond to a GET."""
        if self.path not in self._documents:
            super().do_GET()
            return
        media_type, content = self._documents[self.path]
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@contextmanager
def serve_api_docs(api_url: str) -> Iterator[str]:
    """Serve the reference of the API at `api_url`, and yield its address."""
    document = json.loads(_OPENAPI.read_text("utf-8"))
    document["servers"] = [{"url": api_url.rstrip("/")}]
    documents = {
        "/": ("text/html; charset=utf-8", _INDEX),
        "/openapi.json": ("application/json", json.dumps(document).encode()),
    }
    handler = partial(_DocumentHandler, documents=documents)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serve_forever = partial(server.serve_forever, poll_interval=0.05)
        thread = threading.Thread(target=serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
