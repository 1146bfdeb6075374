"""Sweep: resume jobs that timed out, once their provider has ended them after all.

It asks for the status and starts executions; it has no way to submit anything.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clock, telemetry
from functions.aws.adapters import adapter_for
from functions.aws.executions import Executions
from functions.aws.job_store import JobStore
from functions.aws.lambda_handler import lambda_handler
from functions.aws.late_jobs import LateCheck, LateJobs
from functions.aws.settings import function_settings
from functions.core.errors import (
    CourierError,
    ProviderLostJob,
    ProviderRejected,
    ProviderThrottled,
)
from functions.core.job_record import JobRecord
from functions.core.keys import ENV_PROVIDERS
from functions.core.model import Outcome, Phase, State
from functions.core.schedule import DAY_SECONDS, SWEEP_SECONDS, next_late_check
from functions.providers.protocol import Provider

#: The most jobs of a provider that a sweep looks at.
MOST_LOOKS = 100
#: After so many failed looks in a row, the others of the provider wait for the next
#: sweep.
MOST_FAILURES = 3
#: A look that begins must be able to end: a call takes 25 seconds, and may be repeated
#: with a fresh key and with a fresh signature.
_LOOK_SECONDS = 120.0


class Look(StrEnum):
    """What came of a look at a job."""

    UNFINISHED = "unfinished"  # it is looked at again later
    RESUMED = "resumed"  # an execution fetches the results, or records the failure
    DROPPED = "dropped"  # no look is needed any more
    OUTRUN = "outrun"  # a retry or another sweep was faster
    FAILED = "failed"  # the next sweep repeats it


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A sweep over the jobs of one provider that timed out."""

    adapter: Provider
    late_days: int
    job_store: JobStore
    late_jobs: LateJobs
    executions: Executions
    now: Callable[[], float]

    def run(self, provider: str, *, until: float) -> Counter[Look]:
        """Look at the jobs that are due, until a time; count what came of it.

        A look that fails does not stop the others, unless the provider throttles or
        several fail in a row.
        """
        looks: Counter[Look] = Counter()
        failures = 0
        for check in self.late_jobs.due(provider, now=self.now(), limit=MOST_LOOKS):
            if self.now() >= until or failures >= MOST_FAILURES:
                break
            try:
                look = self.look(check)
            except CourierError as error:
                telemetry.logger.warning(
                    "look failed", job_id=check.job_id, error=type(error).__name__
                )
                look = Look.FAILED
                failures = (
                    MOST_FAILURES
                    if isinstance(error, ProviderThrottled)
                    else failures + 1
                )
            else:
                failures = 0
                telemetry.logger.info("looked", job_id=check.job_id, look=look)
            looks[look] += 1
        return looks

    def look(self, check: LateCheck) -> Look:
        """Look at one job, and resume it if it has ended at the provider."""
        now = self.now()
        record = self.late_jobs.claim(check, next_at=now + SWEEP_SECONDS)
        if record is None:
            return Look.OUTRUN
        if record.late and not record.outcome:
            return self._start(record)  # the sweep that resumed it failed here
        ends_at = record.timed_out_at + self.late_days * DAY_SECONDS
        # The last look may fail, and is repeated for a day.
        given_up = now >= ends_at + min(self.late_days, 1) * DAY_SECONDS
        if (
            record.outcome is not Outcome.TIMED_OUT
            or not record.provider_ref
            or given_up
        ):
            return self._drop(record)
        if self._has_ended(record):
            return self._resume(record)
        if now >= ends_at:
            return self._drop(record)
        next_at = next_late_check(record.timed_out_at, ends_at=ends_at, now=now)
        self.late_jobs.schedule(record, next_at=next_at)
        return Look.UNFINISHED

    def _has_ended(self, record: JobRecord) -> bool:
        """Return whether the provider says that the job has ended, well or badly.

        A bad end is confirmed, recorded and announced by the next attempt.
        """
        try:
            report = self.adapter.check(record.provider_ref)
        except CourierError as error:
            telemetry.record_error(error, record.to_job())
            if isinstance(error, ProviderLostJob | ProviderRejected):
                return False  # about this job, and may be wrong: it is asked again
            raise
        if report.phase in (Phase.FINISHED, Phase.PARTIAL):
            return bool(report.kinds)
        return report.phase in (Phase.FAILED, Phase.ABORTED)

    def _resume(self, record: JobRecord) -> Look:
        restarted = self.job_store.restart(record, now=self.now(), late=True)
        return self._start(restarted) if restarted else Look.OUTRUN

    def _start(self, record: JobRecord) -> Look:
        # The job has a provider_ref, so that its execution begins with a check.
        self.executions.start(record.to_job())
        self.late_jobs.drop(record)
        return Look.RESUMED

    def _drop(self, record: JobRecord) -> Look:
        self.late_jobs.drop(record)
        return Look.DROPPED


@lambda_handler
def handler(_event: State, context: LambdaContext) -> None:
    """Sweep over the jobs of every provider, each in its share of the time."""
    ends_at = clock.now() + context.get_remaining_time_in_millis() / 1000
    providers = function_settings(ENV_PROVIDERS).providers
    for number, (name, settings) in enumerate(providers.items()):
        now = clock.now()
        share = (ends_at - _LOOK_SECONDS - now) / (len(providers) - number)
        looks = Sweep(
            adapter=adapter_for(name),
            late_days=settings.late_days,
            job_store=JobStore.from_environment(),
            late_jobs=LateJobs.from_environment(),
            executions=Executions.from_environment(),
            now=clock.now,
        ).run(name, until=now + share)
        telemetry.logger.info("swept", provider=name, looks=dict(looks))
