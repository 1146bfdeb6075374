"""Telemetry: write structured log lines and metrics."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger

from functions.aws import settings
from functions.core.errors import CourierError, OutOfCredits, ProviderThrottled
from functions.core.metrics import STAGE, Metric, Value, Values, emf_document
from functions.core.model import Job

logger = Logger(service="verdict-courier", utc=True)


def count(metric: Metric, job: Job, **fields: str) -> None:
    """Emit a metric of a job with the value 1."""
    measure({metric: 1}, job, **fields)


def measure(values: Values, job: Job, **fields: str) -> None:
    """Emit metrics of a job, all in one log line."""
    emit(values, provider=job.provider, type=job.type, job_id=job.job_id, **fields)


def emit(values: Values, **fields: str) -> None:
    """Emit metrics; `fields` are their dimensions, and further fields for queries.

    The metrics are one log line in CloudWatch's embedded metric format, which takes no
    call, and leaves nothing to flush if the function dies. The line does not pass
    through the logger, whose level must not decide what is counted.
    """
    if values:
        line = emf_document(
            values, {STAGE: settings.stage(), **fields}, now=time.time()
        )
        sys.stdout.write(json.dumps(line) + "\n")


@contextmanager
def count_errors(job: Job) -> Iterator[None]:
    """Count an error that leaves a step, and raise it again."""
    try:
        yield
    except CourierError as error:
        record_error(error, job)
        raise


def record_error(error: CourierError, job: Job, also: Values | None = None) -> None:
    """Count an error that a step met, in one line with further metrics."""
    values: dict[Metric, Value] = {Metric.STEP_ERRORS: 1, **(also or {})}
    if isinstance(error, ProviderThrottled):
        values[Metric.PROVIDER_THROTTLES] = 1
    if isinstance(error, OutOfCredits):
        values.setdefault(Metric.JOBS_WAITING_FOR_CREDITS, 1)
    measure(values, job, error=type(error).__name__)
