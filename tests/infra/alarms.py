"""Alarms: decide what an alarm of the template does, from log lines and AWS' metrics.

It reads an alarm as CloudWatch does: exactly its metrics with exactly their dimensions,
one value for each period, and its expression over these values.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.infra.alarm_state import AlarmRule, AlarmState, decide, evaluation_range
from tests.infra.metric_math import Series, evaluate
from tests.infra.template import Json, text

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "Sum": sum,
}


@dataclass(frozen=True, kw_only=True)
class Point:
    """One value of a metric."""

    namespace: str
    name: str
    dimensions: dict[str, str]
    time: float
    value: float


def points_of(line: Json) -> Iterator[Point]:
    """Yield the values of a log line in CloudWatch's embedded metric format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield Point(
                        namespace=directive["Namespace"],
                        name=metric["Name"],
                        dimensions={name: line[name] for name in names},
                        time=line["_aws"]["Timestamp"] / 1000,
                        value=value,
                    )


def state_at(
    now: float,
    alarm: Json,
    points: Iterable[Point],
    before: AlarmState = AlarmState.OK,
) -> AlarmState:
    """Return the state of an alarm, given by its properties in the template."""
    periods = int(alarm["EvaluationPeriods"])
    compare = _COMPARISONS[alarm["ComparisonOperator"]]
    rule = AlarmRule(
        periods,
        int(alarm.get("DatapointsToAlarm", periods)),
        lambda value: compare(value, alarm["Threshold"]),
        alarm.get("TreatMissingData", "missing"),
    )
    return decide(rule, _values(alarm, [*points], now), before)


def _values(alarm: Json, points: Sequence[Point], now: float) -> Series:
    """Return one value for each period of the evaluation range, the newest first."""
    length = evaluation_range(int(alarm["EvaluationPeriods"]))
    if "Metrics" not in alarm:
        return _series(alarm, alarm["Statistic"], alarm["Period"], points, now, length)
    series: dict[str, Series] = {}
    expressions: dict[str, str] = {}
    for query in alarm["Metrics"]:
        if "Expression" in query:
            expressions[query["Id"]] = query["Expression"]
        else:
            stat = query["MetricStat"]
            series[query["Id"]] = _series(
                stat["Metric"], stat["Stat"], stat["Period"], points, now, length
            )
    metrics = [*series.values()]

    def resolve(query_id: str) -> None:
        """Evaluate an expression after those that it refers to."""
        expression = expressions.pop(query_id)
        for other in [*expressions]:
            if other in expressions and re.search(rf"\b{other}\b", expression):
                resolve(other)
        series[query_id] = evaluate(expression, series, length, metrics)

    while expressions:
        resolve(next(iter(expressions)))
    (returned,) = (q["Id"] for q in alarm["Metrics"] if q.get("ReturnData", True))
    return series[returned]


def _series(
    metric: dict[str, Any],
    statistic: str,
    period: float,
    points: Iterable[Point],
    now: float,
    length: int,
) -> Series:
    dimensions = {d["Name"]: text(d["Value"]) for d in metric.get("Dimensions", [])}
    wanted = (metric["Namespace"], metric["MetricName"], dimensions)
    periods: list[list[float]] = [[] for _ in range(length)]
    for point in points:
        number = int((now - point.time) // period)
        if (
            0 <= number < length
            and (point.namespace, point.name, point.dimensions) == wanted
        ):
            periods[number].append(point.value)
    return [_STATISTICS[statistic](values) if values else None for values in periods]
