"""Board: the replies of the page, from an API and what is backstage of it."""

import re
import threading
import time
import urllib.error
from collections.abc import Callable, Mapping
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tools.runbook import section_of
from verdict_courier.api_client import Api, Refused, opened
from verdict_courier.console import job_pages, runbook
from verdict_courier.console import page_response as reply
from verdict_courier.console.log_sources import Backstage, Links
from verdict_courier.console.page_response import Reply
from verdict_courier.job_feed import Following

_FRUITFUL = ("succeeded", "partial")
_FILES = Path(__file__).with_name("files")
_KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_JOB = re.compile(r"(logs|messages|objects)/([0-9a-f]{64})(?:/(\w{1,32}))?")
_MOST_JOBS = 50

Document = dict[str, Any]


class Board:
    """Answers for one API; `where` says which, `every` how often it is asked."""

    def __init__(
        self, api: Api, *, where: str, every: float, backstage: Backstage
    ) -> None:
        self._api = api
        self._where = where
        self._every = every
        self._backstage = backstage
        self._following = Following(api, most=_MOST_JOBS)
        self._files = {path.name: path for path in _FILES.iterdir()}
        self._lock = threading.Lock()
        self._known: Document = {"jobs": [], "trouble": None}
        self._stale_at = 0.0

    def reply(self, path: str) -> Reply | None:
        """Give the reply for a path below the key, None where there is none."""
        if file := self._files.get(path or "page.html"):
            return reply.text(_KINDS[file.suffix], file.read_text("utf-8"))
        if path == "data":
            return reply.data(self._data())
        if path == "runbook":
            return reply.page("Operations", runbook.html(), up="")
        if found := _JOB.fullmatch(path):
            place, job_id, kind = found.groups(default="")
            return self._of_a_job(place, job_id, kind)
        return None

    def _data(self) -> Document:
        """Look at the jobs, for all open pages together not more than `every`."""
        with self._lock:
            if time.monotonic() >= self._stale_at:
                self._known = self._looked()
                self._stale_at = time.monotonic() + self._every
            return {**self._known, "where": self._where, "every": self._every}

    def _looked(self) -> Document:
        try:
            jobs = self._following.look()
        except (Refused, urllib.error.URLError, TimeoutError) as error:
            # What was known is still worth seeing.
            return {**self._known, "trouble": _in_words(error)}
        return {"jobs": [self._dressed(job) for job in jobs], "trouble": None}

    def _dressed(self, job: Document) -> Document:
        error = job["error"]
        return {
            **job,
            "places": [*_objects(job), *self._backstage.links(job)],
            "runbook": f"runbook#{section_of(error['name'])}" if error else None,
        }

    def _of_a_job(self, place: str, job_id: str, kind: str) -> Reply | None:
        makers: Mapping[str, Callable[[], Reply]] = {
            "logs": lambda: job_pages.logs(job_id, self._backstage.lines(job_id)),
            "messages": lambda: job_pages.messages(
                job_id, self._backstage.messages(job_id)
            ),
            "objects": lambda: job_pages.objects(job_id, self._results(job_id)),
        }
        try:
            if kind:
                return self._download(job_id, kind) if place == "objects" else None
            return makers[place]()
        except (Refused, urllib.error.URLError, TimeoutError) as error:
            up = "../../" if kind else "../"
            body = f"<h1>Not to be had</h1><p>{escape(_in_words(error))}</p>"
            status = HTTPStatus.BAD_GATEWAY
            return reply.page("Not to be had", body, up=up, status=status)

    def _results(self, job_id: str) -> Document:
        found: Document = self._api.call("GET", f"/jobs/{job_id}/results")
        return found

    def _download(self, job_id: str, kind: str) -> Reply | None:
        """Pass a result on; the link to it stays here."""
        results = self._results(job_id)
        links = {link["kind"]: link["href"] for link in results["links"]}
        if kind not in links:
            return None
        file = {one["kind"]: one for one in results["manifest"]["files"]}[kind]
        name = re.sub(r"[^\w.-]", "", f"{job_id[:12]}-{Path(file['key']).name}")
        return Reply(
            kind="application/octet-stream",
            pieces=opened(links[kind]),
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                # A transfer that breaks off must not look whole.
                "Content-Length": str(file["bytes"]),
            },
        )


def _objects(job: Mapping[str, Any]) -> Links:
    if job["outcome"] not in _FRUITFUL:
        return []
    return [{"text": "objects", "href": f"objects/{job['job_id']}"}]


def _in_words(error: Exception) -> str:
    if isinstance(error, Refused):
        return str(error)
    return f"No answer from the API: {error}"
