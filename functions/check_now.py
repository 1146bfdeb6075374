"""Check now: ask a provider once how a job is doing, because a person wants to know.

It reads a provider's key and has no other right: it follows no link, writes nothing,
and what it returns is shown, not believed. The job itself checks as if nobody had
asked.
"""

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry
from functions.aws.adapters import adapter_for
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.status_calls import StatusAnswer
from functions.core.errors import CourierError, RetryableError
from functions.core.model import Job, State
from functions.providers.protocol import Provider


def check_now(job: Job, adapter: Provider, *, name: str) -> StatusAnswer:
    """Return what the provider says, or the name of the error that came instead.

    `name` is our name for the file; it is empty if another client sent it.
    """
    try:
        report = adapter.check(job.provider_ref, name=name)
    except CourierError as error:
        telemetry.logger.warning("asked in vain", error=type(error).__name__)
        hint = error.hint if isinstance(error, RetryableError) else None
        return StatusAnswer(error=type(error).__name__, hint_seconds=hint or 0.0)
    telemetry.logger.info("asked", phase=report.phase)
    return StatusAnswer(phase=str(report.phase))


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Ask about the job that the API names."""
    job = read_job(event)
    adapter = adapter_for(job.provider)
    return check_now(job, adapter, name=str(event["name"])).to_document()
