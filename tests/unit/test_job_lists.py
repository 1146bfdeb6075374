"""The page has all jobs, a page at a time, and says how many there are."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.console import job_count
from verdict_courier.console.job_count import JobCount
from verdict_courier.console.job_lists import JobLists

_DAY = 86_400.0


class ListApi(BaseHTTPRequestHandler):
    """An API that lists `ids`, newest first; it refuses while there are none."""

    ids: list[str]
    calls: int
    refuses_pages_of_100: bool

    def do_GET(self) -> None:
        """Respond with a page; a cursor is the id before it."""
        query = {name: v[0] for name, v in parse_qs(urlsplit(self.path).query).items()}
        type(self).calls += 1
        start = self.ids.index(query["cursor"]) + 1 if "cursor" in query else 0
        end = start + int(query.get("limit", "0"))
        some = [] if "outcome" in query else self.ids[start:end]
        more = end < len(self.ids) and some
        jobs = [{"job_id": i, "attempt": 1, "outcome": "failed"} for i in some]
        document = {"jobs": jobs, "next": some[-1] if more else None}
        is_list = self.path.startswith("/jobs?") and self.ids
        if self.refuses_pages_of_100 and query.get("limit") == "100":
            is_list = False
        self.send_response(200 if is_list else 403)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document if is_list else {"title": "no"}).encode())

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@pytest.fixture
def api() -> Iterator[ApiClient]:
    """Return a client of an API that has 209 jobs."""
    ListApi.ids, ListApi.calls = [f"old{number}" for number in range(209)], 0
    ListApi.refuses_pages_of_100 = False
    with ThreadingHTTPServer(("127.0.0.1", 0), ListApi) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield ApiClient.local(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def lists(api: ApiClient, *, refresh_seconds: float = 0.0) -> JobLists:
    """Return the pages of the API's jobs."""
    return JobLists(api, refresh_seconds=refresh_seconds, shown=dict)


def add_jobs(number: int) -> list[str]:
    """Add jobs in front of the others, and return the newest 50."""
    ListApi.ids = [f"{len(ListApi.ids)}.{i}" for i in range(number)] + ListApi.ids
    return ListApi.ids[:50]


def counted(count: JobCount, newest: list[str], *, now: float) -> tuple[int, bool]:
    """Return what a count has come to."""
    count.step(newest, now=now)
    return count.number, count.is_whole


def test_every_job_is_on_one_page(api: ApiClient) -> None:
    """A job that failed last week is looked for there."""
    pages, seen = lists(api), list[str]()
    cursors = [""]
    for cursor in cursors:  # to which each page adds the next one
        data = pages.page(cursor)
        seen += [job["job_id"] for job in data["jobs"]]
        cursors += [data["next"]] * bool(data["next"])

    assert seen == ListApi.ids


def test_the_sum_is_known_after_some_refreshes(api: ApiClient) -> None:
    """No refresh takes as long as reading all jobs, and none claims to know more."""
    pages = lists(api)

    sums = [pages.page()["count"] for _ in range(4)]

    assert [(each["number"], each["is_whole"]) for each in sums] == [
        (100, False),
        (200, False),
        (209, True),
        (209, True),
    ]


def test_new_jobs_are_counted_by_what_is_read_anyway(api: ApiClient) -> None:
    """A count that reads all jobs at each refresh would cost more than the page."""
    count = JobCount(api)
    for _ in range(3):
        count.step(ListApi.ids[:50], now=1.0)
    calls = ListApi.calls

    assert counted(count, add_jobs(7), now=2.0) == (216, True)
    assert ListApi.calls == calls


def test_more_new_jobs_than_a_page_has_are_counted(api: ApiClient) -> None:
    """A crowd of uploads arrives between two refreshes, or while nobody looks."""
    count = JobCount(api)
    for _ in range(3):
        count.step(ListApi.ids[:50], now=1.0)
    newest = add_jobs(180)

    sums = [counted(count, newest, now=2.0) for _ in range(4)]

    assert sums[0] == (309, False)
    assert sums[-1] == (389, True)


def test_deleted_jobs_are_not_counted_for_ever(api: ApiClient) -> None:
    """A page stays open for weeks."""
    count = JobCount(api)
    for _ in range(3):
        count.step(ListApi.ids[:50], now=1.0)
    del ListApi.ids[60:]

    assert counted(count, ListApi.ids[:50], now=2.0) == (209, True)
    assert counted(count, ListApi.ids[:50], now=2.0 + _DAY) == (60, True)


def test_a_count_has_an_end(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is worth some calls to an operator, and no thousands."""
    monkeypatch.setattr(job_count, "_MOST_COUNTED", 150)
    count = JobCount(api)

    sums = [counted(count, ListApi.ids[:50], now=1.0) for _ in range(4)]

    assert sums[1:] == [(200, False)] * 3
    assert ListApi.calls == 2


def test_what_was_read_last_stays_when_the_api_does_not_list(api: ApiClient) -> None:
    """An empty page would look like a stack without jobs."""
    pages = lists(api)
    pages.page()
    ListApi.ids = []

    data = pages.page()

    assert data["error"]
    assert len(data["jobs"]) == 50


def test_jobs_are_shown_though_they_cannot_be_counted(api: ApiClient) -> None:
    """The API lets so many calls through at once; the number can wait."""
    ListApi.refuses_pages_of_100 = True
    pages = lists(api)

    data = pages.page()

    assert (len(data["jobs"]), data["error"]) == (50, None)
    assert data["count"] == {"number": 50, "is_whole": False}
    ListApi.refuses_pages_of_100 = False
    assert [pages.page()["count"]["number"] for _ in range(3)] == [100, 200, 209]


def test_a_page_is_read_once_for_all_browsers(api: ApiClient) -> None:
    """Whoever leaves ten tabs open must not ask ten times as often."""
    pages = lists(api, refresh_seconds=60.0)
    first = pages.page()
    calls = ListApi.calls

    assert pages.page() == first
    assert ListApi.calls == calls


def test_pages_that_nobody_shows_are_forgotten(api: ApiClient) -> None:
    """Each link to older jobs makes one more."""
    pages = lists(api, refresh_seconds=60.0)
    pages.page(ListApi.ids[0])
    for number in range(8):
        pages.page(ListApi.ids[number + 1])
    calls = ListApi.calls

    pages.page(ListApi.ids[0])

    assert ListApi.calls > calls
