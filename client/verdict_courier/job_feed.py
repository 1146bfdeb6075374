"""Read the newest jobs with their timelines, repeatedly and with few calls."""

import time
from typing import Any

from verdict_courier.api_client import ApiClient, ApiError, ApiUnreachable

Document = dict[str, Any]
#: An attempt of a job, by its job_id and number.
Attempt = tuple[str, int]

#: The most timelines that one `read` requests; each is a call of the API.
_MAX_TIMELINES = 8
#: No more timelines are requested once a `read` has taken so long: the jobs are shown.
_PATIENCE_SECONDS = 2.0


class JobFeed:
    """Keeps timelines that do not change any more, and reads the others in turn.

    With `running_first` it has running jobs, however old, before the other ones. These
    are the newest, or with a `cursor` those of the page that it stands for.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        limit: int,
        running_first: bool = False,
        cursor: str | None = None,
    ) -> None:
        self._api = api
        self._limit = limit
        self._running_first = running_first
        self._cursor = cursor
        #: The ids of the jobs on the page itself, as of the last `read`.
        self.listed: list[str] = []
        #: The cursor of the page with older jobs; None if there are none.
        self.next: str | None = None
        self._timelines: dict[Attempt, Document] = {}
        self._reads = 0
        self._last_read: dict[Attempt, int] = {}

    def read(self) -> list[Document]:
        """Return the jobs, each with its `timeline` or None.

        If many jobs are running, or the API is slow, some have the timeline of an
        earlier call, or none yet.

        Raises:
            ApiError: The API does not list its jobs.
            ApiUnreachable: The API does not answer.
        """
        begun_at = time.monotonic()
        query = {"limit": str(self._limit)}
        first: list[Document] = []
        if self._running_first:
            running = self._api.call(
                "GET", "/jobs", query={**query, "outcome": "running"}
            )
            first += running["jobs"]
        if self._cursor:
            query["cursor"] = self._cursor
        page = self._api.call("GET", "/jobs", query=query)
        self.listed = [job["job_id"] for job in page["jobs"]]
        self.next = page["next"]
        # What was read last is the news of a job that ended in between.
        by_id = {job["job_id"]: job for job in [*first, *page["jobs"]]}
        if self._running_first:
            by_id = dict(
                sorted(by_id.items(), key=lambda item: bool(item[1]["outcome"]))
            )
        jobs: dict[Attempt, Document] = {
            (job["job_id"], job["attempt"]): job for job in by_id.values()
        }
        self._forget_all_but(jobs)
        self._reads += 1
        changing = [
            attempt for attempt, job in jobs.items() if not self._is_final(attempt, job)
        ]
        changing.sort(key=lambda attempt: self._last_read.get(attempt, 0))
        for number, attempt in enumerate(changing[:_MAX_TIMELINES]):
            if number and time.monotonic() - begun_at > _PATIENCE_SECONDS:
                break
            self._last_read[attempt] = self._reads
            try:
                timeline = self._api.call("GET", f"/jobs/{attempt[0]}/timeline")
            except ApiError:
                continue  # the job is shown without its timeline
            except ApiUnreachable:
                break  # as are the others: each may take as long as this one
            self._timelines[attempt] = timeline
        return [
            {**job, "timeline": self._timelines.get(attempt)}
            for attempt, job in jobs.items()
        ]

    def _is_final(self, attempt: Attempt, job: Document) -> bool:
        timeline = self._timelines.get(attempt)
        if timeline is None or job["outcome"] is None:
            return False
        # The outcome is recorded before the execution ends, which a job may not have.
        return timeline["ended_at"] is not None or not timeline["entries"]

    def _forget_all_but(self, jobs: dict[Attempt, Document]) -> None:
        for by_attempt in (self._timelines, self._last_read):
            for attempt in by_attempt.keys() - jobs.keys():
                del by_attempt[attempt]
