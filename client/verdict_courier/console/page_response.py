"""Reply: what the page's server answers to a browser."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer; `pieces` are sent as they come."""

    kind: str
    pieces: Iterable[bytes]
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


def text(kind: str, content: str) -> Reply:
    """Give a text of a media type."""
    return Reply(kind=f"{kind}; charset=utf-8", pieces=[content.encode()])


def data(document: Any) -> Reply:  # noqa: ANN401 - any JSON
    """Give a JSON document."""
    return Reply(kind="application/json", pieces=[json.dumps(document).encode()])


def page(
    title: str, body: str, *, up: str, status: HTTPStatus = HTTPStatus.OK
) -> Reply:
    """Give a page with a body of HTML; `up` leads back to the jobs."""
    whole = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Verdict Courier</title>
<link rel="stylesheet" href="{up}page.css">
<link rel="icon" href="{up}icon.svg">
</head>
<body class="text">
<nav><a href="{up or "./"}">All jobs</a></nav>
{body}
</body>
</html>
"""
    content = [whole.encode()]
    return Reply(kind="text/html; charset=utf-8", pieces=content, status=status)
