"""Reflect: write down and tell how an execution ended that could not do so itself."""

import time

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, settings, telemetry
from functions.aws.desk import Desk
from functions.aws.endings import Ending, Endings
from functions.aws.job_store import Ledger
from functions.aws.notifier import Notices
from functions.core.job_record import Record
from functions.core.metrics import Metric
from functions.core.model import Outcome, State

#: What Step Functions' word for an end means for the job.
_OUTCOMES = {
    "ABORTED": Outcome.CANCELLED,  # somebody stopped it, here or in the console
    "TIMED_OUT": Outcome.TIMED_OUT,
    "FAILED": Outcome.FAILED,
}


def reflect(
    ending: Ending, *, ledger: Ledger, desk: Desk, notices: Notices, now: float
) -> Record | None:
    """Give the job whose end was told; None where there was nothing left to tell.

    A job that fails in the usual way has told of it before its execution ends.
    One that was retried since is not over, whatever became of this attempt.
    """
    job = ending.job
    if job is None or ending.notified:
        return None
    error = ending.error if ending.status != "ABORTED" else ""
    ledger.cut_short(job, _OUTCOMES[ending.status], error=error, now=now)

    record = desk.read(job.job_id)
    if record is None or record.attempt != job.attempt or record.told >= job.attempt:
        return None
    notices.publish(record)
    ledger.tell(job)
    return record


@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: State, _context: LambdaContext) -> None:
    """Reflect one status change of an execution, as EventBridge sends it."""
    ending = Endings(states=clients.states()).of(event["detail"]["executionArn"])
    if ending.job is not None:
        telemetry.logger.append_keys(job_id=ending.job.job_id)
    known = settings.of_this_function(
        "COURIER_TABLE", "COURIER_KEEP_DAYS", "COURIER_TOPIC", "COURIER_RESULTS_BUCKET"
    )
    table, keep_days = clients.dynamodb(), known.keep_days

    told = reflect(
        ending,
        ledger=Ledger(known.table, dynamodb=table, keep_days=keep_days),
        desk=Desk(known.table, dynamodb=table, keep_days=keep_days),
        notices=Notices(known.topic, bucket=known.results_bucket, sns=clients.sns()),
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


def _count(told: Record, *, status: str, now: float) -> None:
    if status == "FAILED" and told.ended_at != now:
        return  # Conclude wrote the end down, and counted it
    values: dict[Metric, float] = {Metric.JOBS_ENDED: 1}
    if told.error:
        values[Metric.JOB_ERRORS] = 1
    telemetry.measure(values, told.job(), outcome=told.outcome, error=told.error)
