"""Conclude: record the outcome of a job, whatever ended it."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clock, telemetry
from functions.aws.finishes import FinishStore
from functions.aws.job_store import JobStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.core import cost
from functions.core.errors import CourierError, DeadlinePassed, JobAborted
from functions.core.metrics import Metric, Value
from functions.core.model import Job, Outcome, State
from functions.core.routing import end_job
from functions.core.rows import JOINED_KINDS, RowsVerdict

#: Errors with an outcome of their own; after all others a job has `failed`.
_OUTCOMES = {
    DeadlinePassed.__name__: Outcome.TIMED_OUT,
    JobAborted.__name__: Outcome.ABORTED,
}


def conclude(
    job: Job, failure: dict[str, Any] | None, *, job_store: JobStore, now: float
) -> Job:
    """Record the job's end in the jobs table; return the job with it.

    If the table has an end already, it stands, and the job gets all of it: outcome,
    error, advice, manifest and verdict, so that the notice says what the table says.

    `failure` is what a Catch of the workflow caught: `Error`, a class name of
    `functions.core.errors` or one of AWS' own, and `Cause`, which is dropped.
    """
    if job.outcome is Outcome.NONE:
        error = str((failure or {}).get("Error") or CourierError.__name__)
        job = end_job(job, _OUTCOMES.get(error, Outcome.FAILED), error)
    return job.with_(**asdict(job_store.record_outcome(job, now=now)))


def job_metrics(job: Job, *, now: float) -> dict[Metric, Value]:
    """Return the metrics of a job that has ended."""
    values: dict[Metric, Value] = {
        Metric.JOBS_ENDED: 1,
        Metric.CHECKS_OF_A_JOB: job.polls,
        Metric.COST_OF_A_JOB: round(cost.usage_of(job).usd, 6),
    }
    if started_at := job.resumed_at or job.received_at:
        values[Metric.JOB_SECONDS] = max(0.0, now - started_at)
    if job.forecast and job.finished_at:
        took = job.finished_at - job.submitted_at
        outside = not job.forecast.low <= took <= job.forecast.high
        values[Metric.FORECAST_ERROR_PERCENT] = round(
            100 * abs(took - job.forecast.seconds) / max(took, 1.0), 1
        )
        values[Metric.OUTSIDE_FORECAST] = int(outside)
    if job.error:
        values[Metric.JOB_ERRORS] = 1
    if job.late and job.outcome in (Outcome.SUCCEEDED, Outcome.PARTIAL):
        values[Metric.JOBS_LATE] = 1
    if job.verdict is not RowsVerdict.NONE:
        values[Metric.MANIFESTS] = 1
    delivered = [file for file in job.files if file.kind not in JOINED_KINDS]
    if files := [file for file in delivered if file.key]:
        values[Metric.BYTES_DELIVERED] = sum(file.bytes for file in files)
        values[Metric.ROWS_DELIVERED] = sum(file.rows for file in files)
        values[Metric.DOWNLOAD_ATTEMPTS] = [file.attempts for file in files]
        values[Metric.LINK_AGE_SECONDS] = [file.link_age_seconds for file in files]
    return values


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Run the state Conclude for one job."""
    job = read_job(event)
    now = clock.now()

    concluded = conclude(
        job, event.get("failure"), job_store=JobStore.from_environment(), now=now
    )

    FinishStore.from_environment().note(concluded, now=now)

    telemetry.logger.info(
        "concluded",
        outcome=concluded.outcome,
        error=concluded.error,
        verdict=concluded.verdict,
        polls=concluded.polls,
    )
    telemetry.measure(
        job_metrics(concluded, now=now),
        concluded,
        outcome=concluded.outcome,
        error=concluded.error,
        verdict=concluded.verdict,
    )
    return concluded.to_state()
