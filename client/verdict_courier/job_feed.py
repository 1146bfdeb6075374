"""Following: the newest jobs of an API with their timelines, looked at repeatedly."""

from typing import Any

from verdict_courier.api_client import Api, Refused

Job = dict[str, Any]
#: Histories that one look reads at the most: each is a call of the API.
_TIMELINES = 8


class Following:
    """Keeps the timelines that will not change, and reads the others in turn."""

    def __init__(self, api: Api, *, most: int) -> None:
        self._api = api
        self._most = most
        self._timelines: dict[tuple[str, int], Job] = {}
        self._looks = 0
        self._looked: dict[tuple[str, int], int] = {}

    def look(self) -> list[Job]:
        """Give the jobs, newest first, each with its `timeline` or None.

        A job that runs may show the timeline of an earlier look, if many do.

        Raises:
            Refused: The API does not list its jobs.
        """
        page = self._api.call("GET", "/jobs", query={"limit": str(self._most)})
        jobs: dict[tuple[str, int], Job] = {
            (job["job_id"], job["attempt"]): job for job in page["jobs"]
        }
        self._forget_all_but(jobs)
        self._looks += 1
        moving = [one for one, job in jobs.items() if not self._is_settled(one, job)]
        moving.sort(key=lambda one: self._looked.get(one, 0))
        for one in moving[:_TIMELINES]:
            self._looked[one] = self._looks
            try:
                read = self._api.call("GET", f"/jobs/{one[0]}/timeline")
            except Refused:
                continue  # the list is worth showing without it
            self._timelines[one] = read
        return [
            {**job, "timeline": self._timelines.get(one)} for one, job in jobs.items()
        ]

    def _is_settled(self, one: tuple[str, int], job: Job) -> bool:
        known = self._timelines.get(one)
        if known is None or job["outcome"] is None:
            return False
        # The outcome is written before the execution ends; a job may have none.
        return known["ended_at"] is not None or not known["entries"]

    def _forget_all_but(self, jobs: dict[tuple[str, int], Job]) -> None:
        for kept in (self._timelines, self._looked):
            for gone in kept.keys() - jobs.keys():
                del kept[gone]
