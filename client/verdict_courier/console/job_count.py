"""Count all jobs of an API, which does not know how many there are."""

from collections.abc import Iterable

from verdict_courier.api_client import ApiClient
from verdict_courier.api_description import most_jobs

#: As many calls of the API as a hundredth of it, once a day for each page's server.
_MOST_COUNTED = 10_000
#: Jobs are deleted after some months: they are counted anew once a day.
_KEEP_SECONDS = 86_400.0


class JobCount:
    """A count that reads one page of the list at each step, until it knows all jobs."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._known: set[str] = set()
        #: Where the walk through the list goes on; None if it is at its end.
        self._cursor: str | None = ""
        self._begun_at = 0.0

    @property
    def number(self) -> int:
        """How many jobs are known so far."""
        return len(self._known)

    @property
    def is_whole(self) -> bool:
        """Whether these are all jobs."""
        return self._cursor is None and self.number < _MOST_COUNTED

    def step(self, newest: Iterable[str], *, now: float) -> None:
        """Take note of the ids of the newest jobs, and read one page more if needed.

        Raises:
            ApiError: The API does not list its jobs.
            ApiUnreachable: The API does not answer.
        """
        ids = set(newest)
        if not self._begun_at or now - self._begun_at > _KEEP_SECONDS:
            self._known, self._cursor, self._begun_at = set(), "", now
        elif self._cursor is None and ids and not ids & self._known:
            self._cursor = ""  # so many are new that others lie between
        self._known |= ids
        if self._cursor is None or self.number >= _MOST_COUNTED:
            return
        query = {"limit": str(most_jobs())}
        if self._cursor:
            query["cursor"] = self._cursor
        page = self._api.call("GET", "/jobs", query=query)
        self._known |= {job["job_id"] for job in page["jobs"]}
        self._cursor = page["next"]
