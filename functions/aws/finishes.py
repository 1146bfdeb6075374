"""Finishes: keep how long the last jobs of each sort took, for forecasts.

An item of the jobs table, one for each provider and type, has the last ones. It is no
job: it has no month, by which jobs are listed, and an id that no job can have. It holds
beginnings of job ids, numbers and times. Nothing here is worth a job's failure: where
the table cannot be reached, nothing is forecast, and a finish is forgotten.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from functions.aws import telemetry
from functions.aws.job_items import JobsTable
from functions.core.errors import CourierError
from functions.core.forecast import Finish, forecast
from functions.core.keys import FINISHES_ITEM_PREFIX
from functions.core.model import NO_FORECAST, Forecast, Job

T = TypeVar("T")

#: Enough for a range, and few enough to follow a provider that becomes slower.
_MOST_FINISHES = 40
_TRIES = 5
_ID_DIGITS = 12


class FinishStore(JobsTable):
    """The last finished jobs of each provider and type."""

    def forecast(self, job: Job) -> Forecast:
        """Return when a submitted job will end; nothing where that is not known."""
        if not _is_alone(job):
            return NO_FORECAST
        return _unless_broken(lambda: self._forecast(job, job.rows), NO_FORECAST)

    def expected_seconds(self, job: Job, *, values: int) -> int | None:
        """Return how long a job that sends so many values should take once it is sent.

        None where that is not known, as of what is sent in several requests.
        """
        if not values or job.batch.requests:
            return None
        found = _unless_broken(lambda: self._forecast(job, values), NO_FORECAST)
        return found.seconds if found else None

    def note(self, job: Job, *, now: float) -> None:
        """Keep how long a job took, once, if its end was seen as it came."""
        if job.finished_at and _is_alone(job):
            _unless_broken(lambda: self._note(job, now), None)

    def _forecast(self, job: Job, values: int) -> Forecast:
        entries, _ = self._read(job)
        finishes = [
            Finish(values=int(entry["values"]), seconds=float(entry["seconds"]))
            for entry in entries
        ]
        return forecast(finishes, values=values)

    def _note(self, job: Job, now: float) -> None:
        entry = {
            "job": job.job_id[:_ID_DIGITS],
            "values": job.rows,
            "seconds": round(job.finished_at - job.submitted_at, 1),
            "at": int(job.finished_at),
        }
        for _ in range(_TRIES):
            entries, revision = self._read(job)
            if entry in entries:
                return
            kept = [*entries, entry][-_MOST_FINISHES:]
            written = self._table.update(
                _key(job),
                {
                    "finishes": json.dumps(kept, separators=(",", ":")),
                    "revision": revision + 1,
                    "expires_at": self._expires_at(now),
                },
                condition="attribute_not_exists(#revision) OR #revision = :old",
                condition_values={":old": revision},
            )
            if written is not None:
                return
        telemetry.logger.warning("finish not kept: others came first")

    def _read(self, job: Job) -> tuple[list[dict[str, Any]], int]:
        """Return the finishes, and how often they were written."""
        item = self._table.get(_key(job))
        entries: list[dict[str, Any]] = json.loads(str(item.get("finishes", "[]")))
        return entries, int(item.get("revision", 0))


def _key(job: Job) -> str:
    return f"{FINISHES_ITEM_PREFIX}{job.provider}:{job.type}"


def _is_alone(job: Job) -> bool:
    """Whether a job took one submission of known size, followed from then on.

    How long a batch takes depends on its rate, and a job that was resumed may have
    finished while nobody looked.
    """
    is_batch = job.is_batch_request or job.batch.requests
    return bool(job.rows and job.submitted_at and not job.resumed_at and not is_batch)


def _unless_broken(act: Callable[[], T], otherwise: T) -> T:
    """Return what `act` returns, or `otherwise` where the table or the item is bad."""
    try:
        return act()
    except (CourierError, ValueError, KeyError, TypeError) as error:
        telemetry.logger.warning("no finishes", error=type(error).__name__)
        return otherwise
