"""Telemetry: what the functions tell an operator, as log lines and metrics."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from functions.core.model import Job

NAMESPACE = "VerdictCourier"

logger = Logger(service="verdict-courier", utc=True)


def count(metric: str, job: Job, value: float = 1, **dimensions: Any) -> None:  # noqa: ANN401 - turned into text
    """Count something about a job: by provider and type, and what is given besides."""
    emit(metric, value, provider=job.provider, type=job.type, **dimensions)


def emit(metric: str, value: float = 1, **dimensions: Any) -> None:  # noqa: ANN401 - turned into text
    """Count something, by its dimensions.

    The metric leaves as one log line in CloudWatch's embedded format: no call,
    and nothing to flush if the function dies.
    """
    with single_metric(
        name=metric, unit=MetricUnit.Count, value=value, namespace=NAMESPACE
    ) as single:
        for name, dimension in dimensions.items():
            single.add_dimension(name, str(dimension))
