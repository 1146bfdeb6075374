"""Measures: our metrics as the CDK wants them, checked against the table of them."""

from typing import TypedDict, Unpack

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from functions.core.metrics import NAMESPACE, STAGE, Metric

FIVE_MINUTES = Duration.minutes(5)
HOUR = Duration.hours(1)
DAY = Duration.days(1)


class Dimensions(TypedDict, total=False):
    """The dimensions that there are, besides the stage."""

    provider: str
    type: str
    outcome: str
    error: str
    heard: str
    phase: str


class StageMetrics:
    """The metrics of one stage."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def of(
        self,
        metric: Metric,
        statistic: str = "Sum",
        *,
        over: Duration = FIVE_MINUTES,
        label: str | None = None,
        **by: Unpack[Dimensions],
    ) -> cloudwatch.Metric:
        """Give one metric under one of its sets of dimensions."""
        self._check(metric, tuple(by))
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=metric.title,
            dimensions_map={STAGE: self._stage, **by},  # type: ignore[dict-item]  # By has texts only
            statistic=statistic,
            period=over,
            label=label,
        )

    def each(
        self, metric: Metric, *by: str, statistic: str = "Sum", label: str = ""
    ) -> cloudwatch.MathExpression:
        """Give one line for every value of some dimensions, for a graph."""
        self._check(metric, by)
        schema = ",".join((NAMESPACE, STAGE, *by))
        search = f'{{{schema}}} MetricName="{metric.title}" {STAGE}="{self._stage}"'
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{search}', '{statistic}')",
            using_metrics={},
            label=label,
            period=FIVE_MINUTES,
        )

    def _check(self, metric: Metric, by: tuple[str, ...]) -> None:
        if (STAGE, *by) not in metric.sets:
            raise ValueError(f"{metric.title} is not measured by {', '.join(by)}")
