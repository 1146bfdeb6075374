"""Jobs are followed with few calls, and a running one never looks ended."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.credentials import Credentials
from verdict_courier.api_client import Api
from verdict_courier.job_feed import Following

Document = dict[str, Any]


class Answers(BaseHTTPRequestHandler):
    """An API of which nothing is known but its answers."""

    documents: dict[str, Document]
    calls: Counter[str]

    def do_GET(self) -> None:
        """Answer by the path; what has no answer is refused."""
        path = self.path.partition("?")[0]
        self.calls[path] += 1
        known = self.documents.get(path)
        self.send_response(200 if known else 403)
        self.end_headers()
        self.wfile.write(json.dumps(known or {"title": "no"}).encode())

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[Api]:
    """Give the API of these answers."""
    Answers.documents, Answers.calls = {}, Counter()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        yield Api(address, region="r", who=Credentials("a", "b"))
        server.shutdown()


def know(*jobs: tuple[str, str | None, str | None]) -> None:
    """Know jobs by their id, their outcome, and when their execution ended."""
    Answers.documents = {
        f"/jobs/{job_id}/timeline": {"entries": [1], "ended_at": ended_at}
        for job_id, _, ended_at in jobs
    }
    Answers.documents["/jobs"] = {
        "jobs": [
            {"job_id": job_id, "attempt": 1, "outcome": outcome}
            for job_id, outcome, _ in jobs
        ]
    }


def test_what_will_not_change_is_read_once(api: Api) -> None:
    """Most jobs of a list have ended, and each look is paid."""
    know(
        ("ended", "succeeded", "then"), ("ending", "failed", None), ("new", None, None)
    )
    Answers.documents["/jobs/new/timeline"]["entries"] = []  # about to begin
    following = Following(api, most=50)

    for _ in range(3):
        following.look()

    assert Answers.calls["/jobs/ended/timeline"] == 1
    assert Answers.calls["/jobs/ending/timeline"] == 3
    assert Answers.calls["/jobs/new/timeline"] == 3


def test_an_attempt_that_begins_anew_is_read_anew(api: Api) -> None:
    """A retried job has another execution."""
    know(("one", "failed", "then"))
    following = Following(api, most=50)
    following.look()
    Answers.documents["/jobs"]["jobs"][0]["attempt"] = 2

    following.look()

    assert Answers.calls["/jobs/one/timeline"] == 2


def test_a_crowd_takes_turns(api: Api) -> None:
    """Fifty running jobs must not be fifty calls a second."""
    know(*((f"job{number}", None, None) for number in range(20)))
    following = Following(api, most=50)

    looks = [following.look() for _ in range(3)]

    calls = [Answers.calls[f"/jobs/job{number}/timeline"] for number in range(20)]
    assert sum(calls) == 24
    assert min(calls) == 1
    assert all(job["timeline"] for job in looks[-1])


def test_a_timeline_that_is_refused_costs_nothing_else(api: Api) -> None:
    """A stack of an older version has none, and its jobs are worth showing."""
    know(("one", None, None))
    del Answers.documents["/jobs/one/timeline"]

    (job,) = Following(api, most=50).look()

    assert job["timeline"] is None
