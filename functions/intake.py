"""Intake: start one execution for each uploaded object."""

from collections.abc import Mapping

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry
from functions.aws.executions import Executions
from functions.aws.lambda_handler import lambda_handler
from functions.aws.settings import function_settings
from functions.core.errors import CourierError
from functions.core.keys import ENV_PROVIDERS
from functions.core.model import State
from functions.core.s3_events import created_objects, is_marker_file, job_for


def start_jobs(
    body: str, *, types: Mapping[str, tuple[str, ...]], executions: Executions
) -> None:
    """Start a job for every object that a queue message announces, each once.

    Raises:
        MessageUnreadable: The message or a record of it is not an S3 event. After some
            more tries, SQS moves it to the dead-letter queue.
        AwsUnavailable, AwsRefused: A job was not started; all others were.
    """
    failure: CourierError | None = None
    for created in created_objects(body):
        job = job_for(created, types=types)
        if job is None:
            telemetry.logger.info("object ignored", reason="not a provider's prefix")
            continue
        if is_marker_file(job.key):
            telemetry.logger.info("object ignored", reason="a marker file, no upload")
            continue
        try:
            started = executions.start(job)
        except CourierError as error:
            failure = error
            continue
        telemetry.logger.info(
            "job started" if started else "job known",
            job_id=job.job_id,
            provider=job.provider,
            type=job.type,
        )
    if failure is not None:
        raise failure


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Handle a batch of queue messages; SQS delivers only the failed ones again."""
    failed = [r["messageId"] for r in event["Records"] if not _is_handled(r)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _is_handled(record: State) -> bool:
    try:
        start_jobs(
            record["body"],
            types=function_settings(ENV_PROVIDERS).types,
            executions=Executions.from_environment(),
        )
    except Exception as error:  # noqa: BLE001 - the other messages must be handled
        telemetry.logger.warning(
            "message failed",
            error=type(error).__name__,
            message_id=record["messageId"],
        )
        return False
    return True
