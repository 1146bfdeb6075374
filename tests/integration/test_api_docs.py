"""The API's reference in a browser."""

import json
from urllib.request import urlopen

from local.api_docs import serve_api_docs
from tools.openapi import document


def _get(url: str) -> bytes:
    with urlopen(url, timeout=30) as response:  # noqa: S310 - our own server
        content: bytes = response.read()
        return content


def test_the_page_has_every_file_that_it_names() -> None:
    """A page whose script is missing is empty, without an error."""
    with serve_api_docs("http://localhost:1/local/") as url:
        index = _get(url).decode()

        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
            assert name in index
            assert _get(url + name)


def test_the_page_offers_no_call_that_fails() -> None:
    """A browser has no signature, and a button that always fails is worse than none."""
    with serve_api_docs("http://localhost:1/local/") as url:
        assert "supportedSubmitMethods: []" in _get(url).decode()


def test_calls_go_to_the_local_stack() -> None:
    """The page must not call somebody's deployed API."""
    with serve_api_docs("http://localhost:1/local/") as url:
        served = json.loads(_get(url + "openapi.json"))

    assert served["servers"] == [{"url": "http://localhost:1/local"}]
    assert served["paths"] == document()["paths"]
