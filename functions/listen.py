"""Listen: let a webhook end the wait, for as long as the wait lasts."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry, wiring
from functions.core.metrics import Metric
from functions.core.model import State


@wiring.handler
def handler(event: State, _context: LambdaContext) -> None:
    """Keep the token of a wait, as the workflow's state of this name.

    The state ends when the token is used, or when the wait is over.
    """
    job = wiring.job(event["job"])

    called_at = wiring.waits().register_token(job, event["token"], now=wiring.now())

    if called_at:
        telemetry.logger.info("webhook had come before the wait")
        telemetry.count(Metric.WEBHOOKS_WAITED_FOR, job)
    else:
        telemetry.logger.info("listening", wait_seconds=job.wait_seconds)
