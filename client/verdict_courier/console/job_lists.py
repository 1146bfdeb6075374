"""Read the pages of the list of jobs for all browsers that show them."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from verdict_courier.api_client import ApiClient, ApiError, ApiUnreachable
from verdict_courier.console.job_count import JobCount
from verdict_courier.job_feed import JobFeed

_MAX_JOBS = 50
#: The pages that are kept: those of a person with some tabs.
_MAX_PAGES = 8

Document = dict[str, Any]


class _Page:
    """The jobs of one page, as they were last read."""

    def __init__(self, api: ApiClient, cursor: str) -> None:
        self.feed = JobFeed(
            api, limit=_MAX_JOBS, running_first=True, cursor=cursor or None
        )
        self.refresh_at = 0.0
        self.data: Document = {"jobs": [], "listed": 0, "next": None, "error": None}


class JobLists:
    """Pages of jobs, each of which is read at most every `refresh_seconds`.

    `shown` returns a job as the browser gets it.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        refresh_seconds: float,
        shown: Callable[[Document], Document],
    ) -> None:
        self._api = api
        self._refresh_seconds = refresh_seconds
        self._shown = shown
        self._count = JobCount(api)
        self._pages: dict[str, _Page] = {}
        self._lock = threading.Lock()

    def page(self, cursor: str = "") -> Document:
        """Return the page after a cursor; without one, that of the newest jobs.

        If it cannot be read, it is that of the last time, and says why.
        """
        with self._lock:
            page = self._pages.pop(cursor, None) or _Page(self._api, cursor)
            self._pages[cursor] = page  # the last one is the one used last
            if len(self._pages) > _MAX_PAGES:
                del self._pages[next(iter(self._pages))]
            if time.monotonic() >= page.refresh_at:
                page.data = self._read(page)
                page.refresh_at = time.monotonic() + self._refresh_seconds
            count = {"number": self._count.number, "is_whole": self._count.is_whole}
            return {**page.data, "count": count}

    def forget(self) -> None:
        """Read each page anew when it is asked for."""
        with self._lock:
            for page in self._pages.values():
                page.refresh_at = 0.0

    def _read(self, page: _Page) -> Document:
        try:
            jobs = [self._shown(job) for job in page.feed.read()]
        except (ApiError, ApiUnreachable) as error:
            return {**page.data, "error": str(error)}
        if page is self._pages.get(""):
            with suppress(ApiError, ApiUnreachable):  # the next refresh goes on
                self._count.step(page.feed.listed, now=time.monotonic())
        return {
            "jobs": jobs,
            "listed": len(page.feed.listed),
            "next": page.feed.next,
            "error": None,
        }
