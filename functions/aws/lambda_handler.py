"""Lambda handler: decorate every handler, and read its job."""

from functions.aws.telemetry import logger
from functions.core.model import Job, State

#: The decorator of every handler: it adds the invocation's request id to log lines, and
#: removes the log keys of the invocation before.
lambda_handler = logger.inject_lambda_context(clear_state=True)


def read_job(state: State) -> Job:
    """Return the job in a state, and name it on every log line from here on."""
    job = Job.from_state(state)
    logger.append_keys(job_id=job.job_id, provider=job.provider, type=job.type)
    return job
