"""Build the pages of one job: its log lines, its messages and its objects."""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from verdict_courier.console.logs import LogLine
from verdict_courier.console.page_response import PageResponse, html_page


def logs(job_id: str, lines: Sequence[LogLine]) -> PageResponse:
    """Return a page with the log lines of a job."""
    rows = [
        (line.at, line.level, line.function, line.message, line.fields)
        for line in lines
    ]
    head = ("time", "level", "where", "what", "more")
    return _page("Log lines", job_id, _table(head, rows))


def messages(job_id: str, notices: Sequence[Mapping[str, Any]]) -> PageResponse:
    """Return a page with the SNS messages about a job."""
    bodies = [_json(json.loads(notice["Message"])) for notice in notices]
    return _page("Messages", job_id, "".join(bodies) or "<p>None so far.</p>")


def error(job_id: str, lines: Sequence[Mapping[str, Any]]) -> PageResponse:
    """Return a page with what the provider said about a job that failed."""
    return _page("Error", job_id, "".join(map(_json, lines)))


def objects(job_id: str, results: Mapping[str, Any]) -> PageResponse:
    """Return a page with the manifest of a job, and links to its objects."""
    manifest = results["manifest"]
    files = {file["kind"]: file for file in manifest["files"]}
    rows = [
        (kind, f"{file['rows']:,}", f"{file['bytes']:,}", file["key"])
        for kind, file in files.items()
    ]
    links = {kind: f"{job_id}/{kind}" for kind in files}
    table = _table(("kind", "rows", "bytes", "object"), rows, links=links)
    return _page("Objects", job_id, f"{table}<h2>Manifest</h2>{_json(manifest)}")


def _page(title: str, job_id: str, body: str) -> PageResponse:
    head = f"<h1>{title}</h1><p>of the job <code>{escape(job_id)}</code></p>"
    return html_page(title, head + body, root="../")


def _table(
    head: Iterable[str],
    rows: Iterable[Sequence[str]],
    *,
    links: Mapping[str, str] | None = None,
) -> str:
    """Return an HTML table; `links` are the targets of first cells, by their text."""
    targets = links or {}
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = ""
    for first, *rest in rows:
        first_cell = escape(first)
        if first in targets:
            first_cell = f'<a href="{escape(targets[first])}">{first_cell}</a>'
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        body += f"<tr><td>{first_cell}</td>{cells}</tr>\n"
    return f'<div class="wide"><table><tr>{names}</tr>\n{body}</table></div>'


def _json(document: object) -> str:
    return f"<pre>{escape(json.dumps(document, indent=2))}</pre>"
