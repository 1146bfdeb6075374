"""Metrics from log lines in CloudWatch's embedded metric format."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs


@dataclass(frozen=True)
class EmbeddedMetric:
    """The values of one metric under one set of dimensions, at one time."""

    namespace: str
    name: str
    dimensions: dict[str, str]
    timestamp: float
    unit: str
    values: list[float]


def embedded_metrics() -> None:
    """Create metrics from log lines that embed them.

    AWS: extracts the metrics of each log event in embedded metric format.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    MiniStack: stores the lines only.
    """
    append = cloudwatch_logs._append_log_events

    def append_log_events(stream: object, events: list[dict[str, Any]]) -> None:
        append(stream, events)
        for event in events:
            for metric in parse(event["message"]):
                cloudwatch._store_datum(
                    metric.namespace,
                    metric.name,
                    metric.dimensions,
                    metric.timestamp,
                    metric.unit,
                    None,
                    metric.values,
                    None,
                    None,
                )

    cloudwatch_logs._append_log_events = append_log_events


def parse(message: str) -> list[EmbeddedMetric]:
    """Return the metrics of a log line; none if the line violates the format."""
    if '"_aws"' not in message:
        return []
    try:
        return list(_metrics(json.loads(message)))
    except (ValueError, LookupError, TypeError, AttributeError):
        return []


def _metrics(line: dict[str, Any]) -> Iterator[EmbeddedMetric]:
    timestamp = line["_aws"]["Timestamp"] / 1000
    for directive in line["_aws"]["CloudWatchMetrics"]:
        # Without dimension sets a metric is published without dimensions.
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(line[name]) for name in names}
            for metric in directive["Metrics"]:
                value = line[metric["Name"]]
                yield EmbeddedMetric(
                    directive["Namespace"],
                    metric["Name"],
                    dimensions,
                    timestamp,
                    metric.get("Unit", "None"),
                    [float(v) for v in (value if isinstance(value, list) else [value])],
                )
