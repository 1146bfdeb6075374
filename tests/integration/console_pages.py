"""Serve the web console with jobs that are made up, and open it in a browser."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect
from verdict_courier.api_client import ApiClient
from verdict_courier.console.console import WebConsole
from verdict_courier.console.log_sources import AwsConsoleLinks
from verdict_courier.console.page_response import PageResponse, json_response
from verdict_courier.console.server import serve

_PATIENCE = 30_000
_AT = "2026-11-22T10:00:{:02d}.000Z"
expect.set_options(timeout=_PATIENCE)


@contextmanager
def opened(
    started: Browser,
    address: str,
    *,
    width: int = 1280,
    zone: str = "UTC",
    scheme: Literal["light", "dark"] = "light",
    logs_errors: bool = False,
) -> Iterator[Page]:
    """Open the console; it must log nothing, and send requests to its server only.

    An answer that is an error is logged by the browser, where `logs_errors` says so.
    """
    logged: list[str] = []
    foreign_urls: list[str] = []
    context = started.new_context(
        viewport={"width": width, "height": 900},
        timezone_id=zone,
        color_scheme=scheme,
    )
    host = urlsplit(address).netloc
    page = context.new_page()
    page.on("console", lambda message: logged.append(message.text))
    page.on("pageerror", lambda error: logged.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if urlsplit(request.url).netloc == host
            else foreign_urls.append(request.url)
        ),
    )
    page.goto(address)
    yield page
    context.close()
    assert logs_errors or logged == []
    assert foreign_urls == []


def sample_job(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member of a job
    """Return a job as the page gets it, with a wait that a webhook ended."""
    entry: dict[str, Any] = {"error": None, "tries": 1, "woken": None}
    entries = [
        {**entry, "state": "Submit", "entered_at": _AT.format(0)},
        {**entry, "state": "Listen", "entered_at": _AT.format(1), "woken": True},
        {**entry, "state": "Check", "entered_at": _AT.format(20)},
    ]
    for number, left in enumerate((1, 20, 30)):
        entries[number]["left_at"] = _AT.format(left)
    timeline = {
        "entries": entries,
        "checks": [_AT.format(20)],
        "marks": [{"name": "woken", "at": _AT.format(20)}],
        "ended_at": _AT.format(30),
        "truncated": False,
    }
    usual: dict[str, Any] = {
        "job_id": "a" * 64,
        "provider": "txncheck",
        "type": "full",
        "provider_ref": None,
        "source": None,
        "phase": "finished",
        "outcome": "partial",
        "attempt": 2,
        "checks": 1,
        "next_check_at": None,
        "deadline_at": None,
        "rows": None,
        "invalid": 0,
        "bytes": 10_000_000,
        "received_at": _AT.format(0),
        "submitted_at": _AT.format(1),
        "finished_at": None,
        "ended_at": _AT.format(29),
        "error": None,
        "earlier_attempts": [{"outcome": "failed", "error": "ProviderFailed"}],
        "page_links": [],
        "runbook": None,
        "timeline": timeline,
    }
    return usual | changes


@contextmanager
def showing(
    *jobs: dict[str, Any],
    act: Callable[[str], PageResponse | None] | None = None,
    results: dict[str, Any] | None = None,
    refresh_seconds: float = 0.1,
) -> Iterator[str]:
    """Serve the console with these jobs; `act` does what the page asks for.

    `results` are those of each job that has some.
    """
    pages = {job["results"]: results or {} for job in jobs if job.get("results")}
    data = page_of(jobs, whole=len(jobs))
    pages["data"] = {**data, "refresh_seconds": refresh_seconds}
    with _serving(pages, act) as address:
        yield address


@contextmanager
def paged(*jobs: dict[str, Any]) -> Iterator[str]:
    """Serve the console with these jobs, fifty on a page."""
    pages = {}
    for start in range(0, len(jobs), 50):
        more = start + 50 < len(jobs)
        pages[f"data/{start}" if start else "data"] = page_of(
            jobs[start : start + 50],
            whole=len(jobs),
            next_page=str(start + 50) if more else None,
        )
    with _serving(pages) as address:
        yield address


def page_of(
    jobs: Sequence[dict[str, Any]], *, whole: int, next_page: str | None = None
) -> dict[str, Any]:
    """Return some jobs of a `whole` as the page gets them."""
    return {
        "jobs": jobs,
        "listed": len(jobs),
        "next": next_page,
        "count": {"number": whole, "is_whole": True},
        "error": None,
        "stack": "a test",
        "refresh_seconds": 0.1,
    }


@contextmanager
def _serving(
    pages: Mapping[str, dict[str, Any]],
    act: Callable[[str], PageResponse | None] | None = None,
) -> Iterator[str]:
    console = WebConsole(
        ApiClient.local("http://127.0.0.1:9/"),
        stack="a test",
        refresh_seconds=0.1,
        log_source=AwsConsoleLinks(),
    )

    def respond(path: str) -> PageResponse | None:
        return json_response(pages[path]) if path in pages else console.respond(path)

    with serve(respond, act) as address:
        yield address
