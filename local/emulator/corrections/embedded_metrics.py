"""Metrics in log lines: CloudWatch's embedded metric format."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs

Line = dict[str, Any]

_MARK = '"_aws"'


@dataclass(frozen=True)
class Datum:
    """The values of one metric under one set of dimensions, at one time."""

    namespace: str
    name: str
    dimensions: dict[str, str]
    timestamp: float
    unit: str
    values: list[float]


def embedded_metrics() -> None:
    """Make metrics of the log lines that have them inside, as CloudWatch does.

    MiniStack keeps the lines and makes nothing of them.
    """
    append = cloudwatch_logs._append_log_events

    def append_log_events(stream: object, events: list[dict[str, Any]]) -> None:
        append(stream, events)
        for event in events:
            for datum in extracted(event["message"]):
                _store(datum)

    cloudwatch_logs._append_log_events = append_log_events


def extracted(message: str) -> list[Datum]:
    """The metrics in a log line; a line that breaks the format has none.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    if _MARK not in message:
        return []
    try:
        line = json.loads(message)
        return list(_data(line))
    except (ValueError, LookupError, TypeError, AttributeError):
        return []


def _data(line: Line) -> Iterator[Datum]:
    timestamp = line["_aws"]["Timestamp"] / 1000
    for directive in line["_aws"]["CloudWatchMetrics"]:
        # Without dimension sets a metric is published without dimensions.
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(line[name]) for name in names}
            for metric in directive["Metrics"]:
                value = line[metric["Name"]]
                yield Datum(
                    directive["Namespace"],
                    metric["Name"],
                    dimensions,
                    timestamp,
                    metric.get("Unit", "None"),
                    [float(v) for v in (value if isinstance(value, list) else [value])],
                )


def _store(datum: Datum) -> None:
    cloudwatch._store_datum(
        datum.namespace,
        datum.name,
        datum.dimensions,
        datum.timestamp,
        datum.unit,
        None,
        datum.values,
        None,
        None,
    )
