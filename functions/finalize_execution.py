"""Finalize execution: record and announce executions that ended without doing so."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, clock, telemetry
from functions.aws.executions import ExecutionResult, describe
from functions.aws.job_store import JobStore
from functions.aws.lambda_handler import lambda_handler
from functions.aws.notifier import Notifier
from functions.core.errors import JobAlreadyStarted
from functions.core.job_record import JobRecord
from functions.core.metrics import Metric
from functions.core.model import State


def finalize_execution(
    execution: ExecutionResult, *, job_store: JobStore, notifier: Notifier, now: float
) -> JobRecord | None:
    """Record and announce the end of a job; return its record.

    Announce nothing and return None if the execution has no known job, or only a
    request of one, or if another execution follows the job, or if the end was announced
    before: the workflow itself announces a job that fails in the usual way. The same
    holds for a job that was retried since then, because it has not ended, whatever
    happened to this attempt.
    """
    job = execution.job
    if job is None or job.is_batch_request or execution.notified:
        return None
    if execution.error == JobAlreadyStarted.__name__ or not execution.outcome:
        return None  # not the job's execution, or redriven, so that it runs again
    job_store.record_external_outcome(
        job,
        execution.outcome,
        error=execution.outcome_error,
        execution=execution.name,
        now=now,
    )

    record = job_store.get(job.job_id)
    if (
        record is None
        or record.execution not in ("", execution.name)
        or record.attempt != job.attempt
        or record.notified_attempt >= job.attempt
    ):
        return None
    notifier.publish(record)
    job_store.mark_notified(job)
    return record


@lambda_handler
def handler(event: State, _context: LambdaContext) -> None:
    """Handle one status change of an execution, as EventBridge sends it."""
    execution = describe(
        event["detail"]["executionArn"], step_functions=clients.step_functions()
    )
    if execution.job is not None:
        telemetry.logger.append_keys(job_id=execution.job.job_id)
    now = clock.now()

    announced = finalize_execution(
        execution,
        job_store=JobStore.from_environment(),
        notifier=Notifier.from_environment(),
        now=now,
    )

    if announced is None:
        telemetry.logger.info("nothing to announce", status=execution.status)
        return
    telemetry.logger.warning(
        "end announced",
        outcome=announced.outcome,
        verdict=announced.verdict,
        status=execution.status,
    )
    if execution.status == "FAILED" and announced.ended_at != now:
        return  # Conclude recorded the end, and counted it
    values: dict[Metric, float] = {Metric.JOBS_ENDED: 1}
    if announced.error:
        values[Metric.JOB_ERRORS] = 1
    telemetry.measure(
        values, announced.to_job(), outcome=announced.outcome, error=announced.error
    )
