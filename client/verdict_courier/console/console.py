"""Build the responses of the web console from the API and a log source."""

import re
from collections.abc import Callable, Mapping
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Any

from verdict_courier.api_client import ApiClient, ApiError, ApiUnreachable
from verdict_courier.api_description import (
    NEXT_CHECK_REASONS,
    VERDICTS,
    has_unproven_rows,
)
from verdict_courier.cli.checking import check_text
from verdict_courier.cli.error_texts import has_failures
from verdict_courier.console import actions, job_pages, runbook
from verdict_courier.console.job_lists import JobLists
from verdict_courier.console.log_sources import Links, LogSource
from verdict_courier.console.page_response import (
    PageResponse,
    html_page,
    json_response,
    text_response,
)
from verdict_courier.console.results_summary import summary
from verdict_courier.failures import failures
from verdict_courier.results import has_results, listed_results

_FILES = Path(__file__).with_name("files")
_MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_JOB_PAGE = re.compile(
    r"(logs|messages|objects|error|results)/([0-9a-f]{8,64})(?:/([\w-]{1,32}))?"
)
_ACTION = re.compile(rf"jobs/([0-9a-f]{{64}})/({'|'.join(actions.ACTIONS)})")
#: The data of a page, of which the API's cursor says which.
_DATA = re.compile(r"data(?:/([\w-]{1,400}))?")
_DIGITS = 64
_VERDICTS_SECTION = "runbook#verdicts"

Document = dict[str, Any]


class WebConsole:
    """Shows the jobs of one API, which it reads at most every `refresh_seconds`.

    `stack` is the name of the stack on the page.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        stack: str,
        refresh_seconds: float,
        log_source: LogSource,
    ) -> None:
        self._api = api
        self._stack = stack
        self._refresh_seconds = refresh_seconds
        self._log_source = log_source
        self._lists = JobLists(
            api, refresh_seconds=refresh_seconds, shown=self._with_links
        )
        self._files = {path.name: path for path in _FILES.iterdir()}

    def respond(self, path: str) -> PageResponse | None:
        """Return the response for a path below the key, None if there is none."""
        if file := self._files.get(path or "page.html"):
            return text_response(_MEDIA_TYPES[file.suffix], file.read_text("utf-8"))
        if match := _DATA.fullmatch(path):
            of_page = {"stack": self._stack, "refresh_seconds": self._refresh_seconds}
            return json_response({**self._lists.page(match[1] or ""), **of_page})
        if path == "runbook":
            return html_page("Operations", runbook.html(), root="")
        if match := _JOB_PAGE.fullmatch(path):
            page, job_id, kind = match.groups(default="")
            return self._job_page(page, job_id, kind)
        return None

    def act(self, path: str) -> PageResponse | None:
        """Do what a page asks for, and say how it went; None if there is no such path.

        Where no answer came, it may have been done: the job, which is read anew, shows.
        """
        if not (match := _ACTION.fullmatch(path)):
            return None
        job_id, action = match.groups()
        try:
            job = self._api.call("POST", f"/jobs/{job_id}/{action}")
        except (ApiError, ApiUnreachable) as error:
            return json_response({"error": str(error)})
        finally:
            self._lists.forget()
        says = check_text(job, None) if action == "check" else None
        return json_response({"error": actions.answer_to(action, job), "says": says})

    def _with_links(self, job: Document) -> Document:
        error = job["error"]
        links: Links = []
        shows_results = job["outcome"] is not None and has_results(job)
        if shows_results:
            links.append({"text": "objects", "href": f"objects/{job['job_id']}"})
        if has_failures(job):
            text = "what the provider said"
            links.append({"text": text, "href": f"error/{job['job_id']}"})
        return {
            **job,
            "page_links": [*links, *self._log_source.links(job)],
            "runbook": f"runbook#{runbook.section_of(error['name'])}"
            if error
            else None,
            "next_check_why": NEXT_CHECK_REASONS.get(str(job.get("next_check_reason"))),
            "rows_doubt": _rows_doubt(job.get("verdict")),
            "actions": actions.offered(job),
            "quote_says": actions.quote_says(job),
            "results": f"results/{job['job_id']}" if shows_results else None,
        }

    def _job_page(self, page: str, job_id: str, kind: str) -> PageResponse | None:
        source = self._log_source
        pages: Mapping[str, Callable[[], PageResponse]] = {
            "logs": lambda: job_pages.logs(job_id, source.log_lines(job_id)),
            "messages": lambda: job_pages.messages(job_id, source.messages(job_id)),
            "objects": lambda: job_pages.objects(job_id, self._results(job_id)),
            "error": lambda: job_pages.error(job_id, self._error_lines(job_id)),
            "results": lambda: json_response(summary(self._results(job_id))),
        }
        try:
            if len(job_id) < _DIGITS:
                job_id = self._api.call("GET", f"/jobs/{job_id}")["job_id"]
            if kind:
                return self._download(job_id, kind) if page == "objects" else None
            return pages[page]()
        except (ApiError, ApiUnreachable) as error:
            if page == "results":
                return json_response({"error": str(error)})
            return html_page(
                "Not available",
                f"<h1>Not available</h1><p>{escape(str(error))}</p>",
                root="../../" if kind else "../",
                status=HTTPStatus.BAD_GATEWAY,
            )

    def _results(self, job_id: str) -> Document:
        results: Document = self._api.call("GET", f"/jobs/{job_id}/results")
        return results

    def _error_lines(self, job_id: str) -> list[Document]:
        return failures(self._api, self._api.call("GET", f"/jobs/{job_id}"))

    def _download(self, job_id: str, kind: str) -> PageResponse | None:
        """Stream a result, so that its link, a secret, does not reach the browser."""
        results = {r.kind: r for r in listed_results(self._results(job_id))}
        if kind not in results:
            return None
        result = results[kind]
        name = f"{job_id[:12]}-{result.name}"
        return PageResponse(
            media_type="application/octet-stream",
            chunks=result.chunks(),
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                # Shows the browser when a transfer breaks off, or differs.
                "Content-Length": str(result.size),
            },
        )


def _rows_doubt(verdict: str | None) -> dict[str, str] | None:
    """Return what the page says of rows that are not all accounted for."""
    if not has_unproven_rows(verdict):
        return None
    meaning = VERDICTS.get(str(verdict), "the client does not know this verdict")
    return {"verdict": str(verdict), "meaning": meaning, "runbook": _VERDICTS_SECTION}
