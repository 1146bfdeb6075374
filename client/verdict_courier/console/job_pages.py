"""Sheets: what belongs to one job, each a page of its own."""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from verdict_courier.console import page_response as reply
from verdict_courier.console.logs import Line
from verdict_courier.console.page_response import Reply

_UP = "../"


def logs(job_id: str, lines: Sequence[Line]) -> Reply:
    """Show a job's log lines."""
    rows = [
        (line.at, line.level, line.function, line.message, line.more) for line in lines
    ]
    heads = ("time", "level", "where", "what", "more")
    return _sheet("Log lines", job_id, _table(heads, rows))


def messages(job_id: str, notices: Sequence[Mapping[str, Any]]) -> Reply:
    """Show the notices that were sent about a job."""
    shown = [_json(json.loads(notice["Message"])) for notice in notices]
    return _sheet("Messages", job_id, "".join(shown) or "<p>None so far.</p>")


def objects(job_id: str, results: Mapping[str, Any]) -> Reply:
    """Show a job's manifest, and lead to the objects that it names."""
    files = {file["kind"]: file for file in results["manifest"]["files"]}
    rows = [
        (kind, f"{file['rows']:,}", f"{file['bytes']:,}", file["key"])
        for kind, file in files.items()
    ]
    links = {kind: f"{job_id}/{kind}" for kind in files}
    table = _table(("kind", "rows", "bytes", "object"), rows, links=links)
    return _sheet(
        "Objects", job_id, f"{table}<h2>Manifest</h2>{_json(results['manifest'])}"
    )


def _sheet(title: str, job_id: str, body: str) -> Reply:
    head = f"<h1>{title}</h1><p>of the job <code>{escape(job_id)}</code></p>"
    return reply.page(title, head + body, up=_UP)


def _table(
    heads: Iterable[str],
    rows: Iterable[Sequence[str]],
    *,
    links: Mapping[str, str] | None = None,
) -> str:
    """Write a table; `links` are where the first cells lead."""
    known = links or {}
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = ""
    for first, *rest in rows:
        shown = escape(first)
        if first in known:
            shown = f'<a href="{escape(known[first])}">{shown}</a>'
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        body += f"<tr><td>{shown}</td>{cells}</tr>\n"
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def _json(document: object) -> str:
    return f"<pre>{escape(json.dumps(document, indent=2))}</pre>"
