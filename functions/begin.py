"""Begin: let one execution follow a job, before anything is done or paid for."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clock, telemetry
from functions.aws.attempt_store import AttemptStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.core.metrics import Metric
from functions.core.model import State


@lambda_handler
def handler(event: State, _context: LambdaContext) -> None:
    """Run the state Begin for the job and the name of its execution.

    Another execution of the same attempt ends here, unpaid: one that a person starts
    with the input of an earlier one (*New execution* in the AWS console).
    """
    job = read_job(event["job"])
    now = clock.now()

    with telemetry.count_errors(job):
        received_at = AttemptStore.from_environment().begin(
            job, execution=event["execution"], now=now
        )

    if received_at == now:  # it is written once: this is the first that is known of it
        telemetry.count(Metric.JOBS_STARTED, job)
    telemetry.logger.info("begun", attempt=job.attempt)
