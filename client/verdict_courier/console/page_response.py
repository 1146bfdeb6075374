"""Build the responses of the console's server to a browser."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True, kw_only=True)
class PageResponse:
    """An HTTP response; `chunks` of its body are sent as they come."""

    media_type: str
    chunks: Iterable[bytes]
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


def text_response(media_type: str, content: str) -> PageResponse:
    """Return a response with a text."""
    return PageResponse(
        media_type=f"{media_type}; charset=utf-8", chunks=[content.encode()]
    )


def json_response(document: Any) -> PageResponse:  # noqa: ANN401 - any JSON
    """Return a response with a JSON document."""
    return PageResponse(
        media_type="application/json", chunks=[json.dumps(document).encode()]
    )


def html_page(
    title: str, body: str, *, root: str, status: HTTPStatus = HTTPStatus.OK
) -> PageResponse:
    """Return a page; `root` is the relative path to the list of jobs."""
    content = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Verdict Courier</title>
<link rel="stylesheet" href="{root}page.css">
<link rel="icon" href="{root}icon.svg">
</head>
<body class="text">
<nav><a href="{root or "./"}">All jobs</a></nav>
<main>
{body}
</main>
</body>
</html>
"""
    return PageResponse(
        media_type="text/html; charset=utf-8", chunks=[content.encode()], status=status
    )
