"""Credit waits: let one job at a time ask whether a provider has credits again.

An item of the waits table holds, for one provider, when the next one may ask, and the
jobs that wait with the times at which they were last seen. Thousands of requests that
wait cause one call in each interval so, and not thousands.
"""

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from functions.aws import clients, telemetry
from functions.aws.dynamodb import DynamoTable
from functions.aws.job_store import JobStore
from functions.aws.settings import function_settings, provider_settings
from functions.core.errors import CourierError, OutOfCredits
from functions.core.keys import CREDIT_ITEM_PREFIX, ENV_WAITS_TABLE
from functions.core.metrics import Metric
from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: A job that was not seen for so many intervals waits no more: it was cancelled.
_INTERVALS = 3
#: More jobs are counted as so many, so that the item stays small.
_MAX_JOBS = 1000


class CreditWaits:
    """The jobs that wait for credits of one provider; `interval` is in seconds."""

    def __init__(
        self,
        table: str,
        provider: str,
        *,
        interval: float,
        job_store: JobStore,
        dynamodb: "DynamoDBClient",
    ) -> None:
        self._key = f"{CREDIT_ITEM_PREFIX}{provider}"
        self._interval = interval
        self._asks = False  # whether this try asks for all that wait
        self._job_store = job_store
        self._table = DynamoTable(table, dynamodb=dynamodb, key="wait_id")

    @classmethod
    def from_environment(cls, provider: str, *, job_store: JobStore) -> Self:
        """Return the waits of a provider."""
        return cls(
            function_settings(ENV_WAITS_TABLE).waits_table,
            provider,
            interval=provider_settings(provider).policy.cap_seconds,
            job_store=job_store,
            dynamodb=clients.dynamodb(),
        )

    def next_ask(self, *, now: float) -> float:
        """Return when a job that waits may ask, in Unix seconds; now if it is now.

        The one that may ask now is the only one until the next interval. Where no job
        waits, all may.
        """
        ask_at = float(self._table.get(self._key).get("next_at", 0.0))
        if not ask_at:
            return now
        if ask_at > now:
            return ask_at
        next_at = now + self._interval
        written = self._table.update(
            self._key,
            {"next_at": next_at},
            condition="next_at = :old",
            condition_values={":old": ask_at},
        )
        self._asks = written is not None
        return now if self._asks else next_at

    def refuse(self, *, now: float) -> float:
        """Note that there are no credits; return when to ask again."""
        next_at = now + self._interval
        with suppress(CourierError):  # others would ask, too
            self._table.update(
                self._key,
                {"next_at": next_at},
                condition="attribute_not_exists(next_at) OR next_at < :next_at",
            )
        return next_at

    def allow(self, job: Job) -> None:
        """Note that a submission was accepted, so that all that wait may ask."""
        with suppress(CourierError):  # they ask one by one until another one notes it
            if self._asks:
                self._table.update(
                    self._key,
                    {},
                    remove=("next_at", "waiting"),
                    condition="next_at > :zero",
                    condition_values={":zero": 0},
                )
            if self._asks or job.held_for:
                self._job_store.clear_hold(job)

    def announce(self, job: Job, error: OutOfCredits | None, *, now: float) -> None:
        """Record that a job waits: in its item, in the log and in a metric.

        `error` is the provider's refusal, if it was asked now.
        """
        waiting = 1
        with suppress(CourierError):  # it waits, whether this can be shown or not
            waiting = self._count(job, now)
            self._job_store.record_hold(job)
        values = {Metric.JOBS_WAITING_FOR_CREDITS: waiting}
        if error:
            telemetry.record_error(error, job, values)
        else:
            telemetry.measure(values, job)
        telemetry.logger.warning("waiting for credits", jobs=waiting)

    def _count(self, job: Job, now: float) -> int:
        """Count the jobs that wait, this one included; a batch counts as one."""
        name = (job.part.batch_id or job.job_id)[:16]
        text = str(self._table.get(self._key).get("waiting", "{}"))
        jobs: dict[str, int] = {
            other: seen
            for other, seen in json.loads(text).items()
            if now - seen < _INTERVALS * self._interval
        }
        is_fresh = now - jobs.get(name, 0) < self._interval / 2
        if len(jobs) < _MAX_JOBS and not is_fresh:
            jobs[name] = int(now)
            # Another job may be faster; this one is counted at its next look then.
            self._table.update(
                self._key,
                {"waiting": json.dumps(jobs, separators=(",", ":"))},
                condition="attribute_not_exists(waiting) OR waiting = :old",
                condition_values={":old": text},
            )
        return len(jobs)
