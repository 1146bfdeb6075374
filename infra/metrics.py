"""Metrics: build CDK metrics, checked against the table in `functions.core.metrics`."""

from typing import TypedDict, Unpack

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from functions.core.metrics import NAMESPACE, STAGE, Metric

FIVE_MINUTES = Duration.minutes(5)
HOUR = Duration.hours(1)
DAY = Duration.days(1)


class Dimensions(TypedDict, total=False):
    """The dimensions that a metric may have besides the stage."""

    provider: str
    type: str
    outcome: str
    error: str
    heard: str
    phase: str
    verdict: str


class StageMetrics:
    """The metrics of one stage.

    Its methods raise ValueError for dimensions that the metric is not published with.
    """

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def metric(
        self,
        metric: Metric,
        statistic: str = "Sum",
        *,
        period: Duration = FIVE_MINUTES,
        label: str | None = None,
        **dimensions: Unpack[Dimensions],
    ) -> cloudwatch.Metric:
        """Return a metric with exactly these dimensions and the stage."""
        _check_dimensions(metric, *dimensions)
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=metric.title,
            dimensions_map={STAGE: self._stage, **dimensions},  # type: ignore[dict-item]  # all values are str
            statistic=statistic,
            period=period,
            label=label,
        )

    def search(
        self, metric: Metric, *dimensions: str, statistic: str = "Sum", label: str = ""
    ) -> cloudwatch.MathExpression:
        """Return a search for a graph: one line per value of the dimensions."""
        _check_dimensions(metric, *dimensions)
        schema = ",".join((NAMESPACE, STAGE, *dimensions))
        search = f'{{{schema}}} MetricName="{metric.title}" {STAGE}="{self._stage}"'
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{search}', '{statistic}')",
            using_metrics={},
            label=label,
            period=FIVE_MINUTES,
        )


def _check_dimensions(metric: Metric, *dimensions: str) -> None:
    if (STAGE, *dimensions) not in metric.sets:
        raise ValueError(f"{metric.title} is not measured by {', '.join(dimensions)}")
