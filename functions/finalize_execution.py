"""Reflect: write down and tell how an execution ended that could not do so itself."""

import time

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, settings, telemetry
from functions.aws.desk import Desk
from functions.aws.endings import Endings, ExecutionResult
from functions.aws.job_store import JobStore
from functions.aws.notifier import Notifier
from functions.core.job_record import JobRecord
from functions.core.metrics import Metric
from functions.core.model import Outcome, State

#: What Step Functions' word for an end means for the job.
_OUTCOMES = {
    "ABORTED": Outcome.CANCELLED,  # somebody stopped it, here or in the console
    "TIMED_OUT": Outcome.TIMED_OUT,
    "FAILED": Outcome.FAILED,
}


def finalize_execution(
    execution: ExecutionResult,
    *,
    job_store: JobStore,
    desk: Desk,
    notifier: Notifier,
    now: float,
) -> JobRecord | None:
    """Give the job whose end was told; None where there was nothing left to tell.

    A job that fails in the usual way has told of it before its execution ends.
    One that was retried since is not over, whatever became of this attempt.
    """
    job = execution.job
    if job is None or execution.notified:
        return None
    error = execution.error if execution.status != "ABORTED" else ""
    job_store.record_external_outcome(
        job, _OUTCOMES[execution.status], error=error, now=now
    )

    record = desk.get(job.job_id)
    if (
        record is None
        or record.attempt != job.attempt
        or record.notified_attempt >= job.attempt
    ):
        return None
    notifier.publish(record)
    job_store.mark_notified(job)
    return record


@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: State, _context: LambdaContext) -> None:
    """Reflect one status change of an execution, as EventBridge sends it."""
    ending = Endings(states=clients.step_functions()).describe(
        event["detail"]["executionArn"]
    )
    if ending.job is not None:
        telemetry.logger.append_keys(job_id=ending.job.job_id)
    known = settings.of_this_function(
        "COURIER_TABLE", "COURIER_KEEP_DAYS", "COURIER_TOPIC", "COURIER_RESULTS_BUCKET"
    )
    table, keep_days = clients.dynamodb(), known.keep_days

    told = finalize_execution(
        ending,
        job_store=JobStore(known.table, dynamodb=table, keep_days=keep_days),
        desk=Desk(known.table, dynamodb=table, keep_days=keep_days),
        notifier=Notifier(known.topic, bucket=known.results_bucket, sns=clients.sns()),
        now=(now := time.time()),
    )

    if told is None:
        telemetry.logger.info("nothing to reflect", status=ending.status)
    else:
        telemetry.logger.warning(
            "end reflected",
            outcome=told.outcome,
            status=ending.status,
        )
        _count(told, status=ending.status, now=now)


def _count(told: JobRecord, *, status: str, now: float) -> None:
    if status == "FAILED" and told.ended_at != now:
        return  # Conclude wrote the end down, and counted it
    values: dict[Metric, float] = {Metric.JOBS_ENDED: 1}
    if told.error:
        values[Metric.JOB_ERRORS] = 1
    telemetry.measure(values, told.to_job(), outcome=told.outcome, error=told.error)
