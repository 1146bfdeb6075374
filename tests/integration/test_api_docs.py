"""The page that shows the API's description in a browser."""

import json
from urllib.request import urlopen

from local.api_docs import served
from tools.openapi import document


def _get(url: str) -> bytes:
    with urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        content: bytes = answer.read()
        return content


def test_the_page_has_all_that_it_names() -> None:
    """A page whose script is missing shows nothing, and says nothing."""
    with served(document(), api_url="http://localhost:1/local/") as url:
        index = _get(url).decode()

        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
            assert name in index
            assert _get(url + name)


def test_the_description_is_tried_out_against_the_local_stack() -> None:
    """The page must not call somebody's deployed API."""
    with served(document(), api_url="http://localhost:1/local/") as url:
        described = json.loads(_get(url + "openapi.json"))

    assert described["servers"] == [{"url": "http://localhost:1/local"}]
    assert described["paths"] == document()["paths"]
