"""Listen: store the task token of a wait, so that a webhook can end it early."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clock, telemetry
from functions.aws.callbacks import CallbackStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.core.metrics import Metric
from functions.core.model import State


@lambda_handler
def handler(event: State, _context: LambdaContext) -> None:
    """Store the task token of the state Listen.

    The state ends when the token is used, or at its time-out.
    """
    job = read_job(event["job"])

    called_at = CallbackStore.from_environment().register_token(
        job, event["token"], now=clock.now()
    )

    if called_at:
        telemetry.logger.info("webhook arrived before the wait")
        telemetry.count(Metric.WEBHOOKS_WAITED_FOR, job)
    else:
        telemetry.logger.info("listening", wait_seconds=job.wait_seconds)
