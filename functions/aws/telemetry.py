"""Telemetry: what the functions tell an operator, as log lines and metrics."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger

from functions.aws import settings
from functions.core.errors import CourierError, ProviderThrottled
from functions.core.metrics import STAGE, Metric, Value, Values, emf_document
from functions.core.model import Job

logger = Logger(service="verdict-courier", utc=True)


def count(metric: Metric, job: Job, **fields: str) -> None:
    """Count one of something about a job."""
    measure({metric: 1}, job, **fields)


def measure(values: Values, job: Job, **fields: str) -> None:
    """Tell what was measured of a job, all of it in one line."""
    known = {"provider": job.provider, "type": job.type, "job_id": job.job_id}
    emit(values, **known, **fields)


def emit(values: Values, **fields: str) -> None:
    """Tell what was measured; `fields` are its dimensions, and more to find it by.

    It leaves as one log line in CloudWatch's embedded format: no call, and nothing
    to flush if the function dies. It is no line of the logger's, whose level must
    not decide what is counted.
    """
    if values:
        told = emf_document(
            values, {STAGE: settings.stage(), **fields}, now=time.time()
        )
        sys.stdout.write(json.dumps(told) + "\n")


@contextmanager
def count_errors(job: Job) -> Iterator[None]:
    """Count what a step meets and cannot mend itself."""
    try:
        yield
    except CourierError as error:
        record_error(error, job)
        raise


def record_error(error: CourierError, job: Job, also: Values | None = None) -> None:
    """Count an error that a step met, and tell what was measured besides."""
    values: dict[Metric, Value] = {Metric.STEP_ERRORS: 1, **(also or {})}
    if isinstance(error, ProviderThrottled):
        values[Metric.PROVIDER_THROTTLES] = 1
    measure(values, job, error=type(error).__name__)
