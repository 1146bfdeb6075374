"""Jobs are read with few calls, and a running job never looks ended."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from verdict_courier import job_feed
from verdict_courier.api_client import ApiClient
from verdict_courier.job_feed import JobFeed

Document = dict[str, Any]


class DocumentsApi(BaseHTTPRequestHandler):
    """An API that returns `documents` by path and counts the `calls`."""

    documents: dict[str, Document]
    calls: Counter[str]

    def do_GET(self) -> None:
        """Respond with the document of the path, or refuse."""
        path = self.path.partition("?")[0]
        self.calls[path] += 1
        document = self.documents.get(self.path) or self.documents.get(path)
        self.send_response(200 if document else 403)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document or {"title": "no"}).encode())

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@pytest.fixture
def api() -> Iterator[ApiClient]:
    """Return a client of the API."""
    DocumentsApi.documents, DocumentsApi.calls = {}, Counter()
    with ThreadingHTTPServer(("127.0.0.1", 0), DocumentsApi) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        yield ApiClient.local(address)
        server.shutdown()


def add_jobs(*jobs: tuple[str, str | None, str | None]) -> None:
    """Add jobs by id, outcome, and when their execution ended."""
    DocumentsApi.documents = {
        f"/jobs/{job_id}/timeline": {"entries": [1], "checks": [], "ended_at": ended_at}
        for job_id, _, ended_at in jobs
    }
    DocumentsApi.documents["/jobs"] = {
        "jobs": [
            {"job_id": job_id, "attempt": 1, "outcome": outcome}
            for job_id, outcome, _ in jobs
        ],
        "next": None,
    }


def test_a_final_timeline_is_read_once(api: ApiClient) -> None:
    """Most jobs of a list have ended, and each call costs money."""
    add_jobs(
        ("ended", "succeeded", "then"), ("ending", "failed", None), ("new", None, None)
    )
    DocumentsApi.documents["/jobs/new/timeline"]["entries"] = []  # about to begin
    feed = JobFeed(api, limit=50)

    for _ in range(3):
        feed.read()

    assert DocumentsApi.calls["/jobs/ended/timeline"] == 1
    assert DocumentsApi.calls["/jobs/ending/timeline"] == 3
    assert DocumentsApi.calls["/jobs/new/timeline"] == 3


def test_the_timeline_of_a_new_attempt_is_read(api: ApiClient) -> None:
    """A retried job has another execution."""
    add_jobs(("one", "failed", "then"))
    feed = JobFeed(api, limit=50)
    feed.read()
    DocumentsApi.documents["/jobs"]["jobs"][0]["attempt"] = 2

    feed.read()

    assert DocumentsApi.calls["/jobs/one/timeline"] == 2


def test_many_running_jobs_are_read_in_turn(api: ApiClient) -> None:
    """Fifty running jobs must not be fifty calls a second."""
    add_jobs(*((f"job{number}", None, None) for number in range(20)))
    feed = JobFeed(api, limit=50)

    reads = [feed.read() for _ in range(3)]

    calls = [DocumentsApi.calls[f"/jobs/job{number}/timeline"] for number in range(20)]
    assert sum(calls) == 24
    assert min(calls) == 1
    assert all(job["timeline"] for job in reads[-1])


def test_a_slow_api_holds_up_the_list_for_one_timeline(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under load the page shows what it has; the other timelines come in turn."""
    monkeypatch.setattr(job_feed, "_PATIENCE_SECONDS", -1.0)
    add_jobs(*((f"job{number}", None, None) for number in range(4)))
    feed = JobFeed(api, limit=50)

    reads = [feed.read() for _ in range(4)]

    known = [sum(bool(job["timeline"]) for job in jobs) for jobs in reads]
    assert known == [1, 2, 3, 4]


def test_a_job_without_a_timeline_is_still_listed(api: ApiClient) -> None:
    """A stack of an older version has no timelines, but jobs worth showing."""
    add_jobs(("one", None, None))
    del DocumentsApi.documents["/jobs/one/timeline"]

    (job,) = JobFeed(api, limit=50).read()

    assert job["timeline"] is None


def test_a_timeline_that_does_not_come_costs_no_job(api: ApiClient) -> None:
    """The list has been read: what it says is worth more than nothing."""
    add_jobs(("one", None, None), ("two", None, None))
    DocumentsApi.documents["/jobs/one/timeline"] = {"of": "a proxy"}

    jobs = JobFeed(api, limit=50).read()

    assert [(job["job_id"], job["timeline"]) for job in jobs] == [
        ("one", None),
        ("two", None),
    ]


def test_running_jobs_come_first_however_old(api: ApiClient) -> None:
    """A job that waits for days would be pushed off the list by newer ones."""
    add_jobs(("new", "succeeded", "then"), ("ended", "failed", "then"))
    old = {"job_id": "old", "attempt": 1, "outcome": None}
    # It has ended between both calls.
    ended = {"job_id": "ended", "attempt": 1, "outcome": None}
    DocumentsApi.documents["/jobs?limit=2&outcome=running"] = {
        "jobs": [ended, old],
        "next": None,
    }
    DocumentsApi.documents["/jobs"]["next"] = "more"
    feed = JobFeed(api, limit=2, running_first=True)

    jobs = [(job["job_id"], job["outcome"]) for job in feed.read()]

    assert jobs == [("old", None), ("ended", "failed"), ("new", "succeeded")]
    assert (feed.listed, feed.next) == (["new", "ended"], "more")


def test_running_jobs_come_first_on_a_page_with_older_ones(api: ApiClient) -> None:
    """Whoever looks for an old job must not miss what goes wrong now."""
    add_jobs(("old", "failed", "then"))
    DocumentsApi.documents["/jobs?limit=2&cursor=more"] = DocumentsApi.documents.pop(
        "/jobs"
    )
    DocumentsApi.documents["/jobs?limit=2&outcome=running"] = {
        "jobs": [{"job_id": "new", "attempt": 1, "outcome": None}],
        "next": None,
    }
    feed = JobFeed(api, limit=2, running_first=True, cursor="more")

    assert [job["job_id"] for job in feed.read()] == ["new", "old"]
    assert (feed.listed, feed.next) == (["old"], None)
