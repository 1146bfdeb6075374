"""Intake: start one execution for every object that arrives."""

from collections.abc import Mapping

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry, wiring
from functions.aws.executions import Executions
from functions.core.errors import CourierError
from functions.core.model import State
from functions.core.s3_events import created_objects, job_for

# A batch in which all failed is answered like any other: each message by its id.
_processor = BatchProcessor(
    event_type=EventType.SQS, raise_on_entire_batch_failure=False
)


def start_jobs(
    body: str, *, types: Mapping[str, tuple[str, ...]], executions: Executions
) -> None:
    """Start what a queue message announces; what was started before stays so.

    Raises:
        MessageUnreadable: It announces nothing that we understand. The queue
            keeps such a message and moves it to the dead letters.
    """
    for arrival in created_objects(body):
        job = job_for(arrival, types=types)
        if job is None:
            telemetry.logger.info("object ignored", reason="not a provider's prefix")
            continue
        started = executions.start(job)
        telemetry.logger.info(
            "job started" if started else "job known",
            job_id=job.job_id,
            provider=job.provider,
            type=job.type,
        )


def _record(record: SQSRecord) -> None:
    try:
        start_jobs(record.body, types=wiring.types(), executions=wiring.executions())
    except CourierError as error:
        telemetry.logger.warning(
            "message failed", error=type(error).__name__, message_id=record.message_id
        )
        raise


@wiring.handler
def handler(event: State, context: LambdaContext) -> PartialItemFailureResponse:
    """Take in a batch of queue messages; only those that failed come again."""
    return process_partial_response(
        event=event, record_handler=_record, processor=_processor, context=context
    )
