"""Continuous evaluation of alarms over the datapoints of their periods."""

import json
import logging
import operator
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.services import cloudwatch

from local.emulator.alarm_state import (
    AlarmRule,
    AlarmState,
    decide,
    evaluation_range,
    present_values,
)
from local.emulator.corrections import alarm_messages
from local.emulator.corrections.ministack_types import Alarm, Response
from local.emulator.metric_math import Series, evaluate

PERIOD_SCALE = "cloudwatch.PERIOD_SCALE"

# The local stack shows a change within a second.
_TICK_SECONDS = 0.2
_SHORTEST_PERIOD = 2 * _TICK_SECONDS
# Datapoints are stored in the order of arrival; one that is written late can be
# a few places out of the order of time.
_OUT_OF_ORDER = 200
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}

_log = logging.getLogger("cloudwatch")
_scale = [1.0]  # a single item, set by configure and by the control endpoint
_tick_actions: list[Callable[[], None]] = []
# Concurrent evaluations must not report the same change twice.
_lock = threading.RLock()


def configure(*, period_scale: float) -> None:
    """Set the factor for the length of alarm periods."""
    _scale[:] = [period_scale]


def scaled(period: float) -> float:
    """Return how many seconds a period lasts in the emulator."""
    return max(period * _scale[0], _SHORTEST_PERIOD)


def on_each_tick(action: Callable[[], None]) -> None:
    """Register a function that runs before each evaluation of all alarms."""
    _tick_actions.append(action)


def alarms_in_time() -> None:
    """Evaluate alarms continuously, over each of their periods.

    AWS: an alarm is in ALARM when M of the last N periods breach, counted for one
    metric with exactly its dimensions or for an expression, with missing data
    treated as configured. It changes without new data, and for metrics of any
    service.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    MiniStack: evaluates at PutMetricData only, one number over all periods and
    all dimensions. An alarm keeps its state when data stop, and metrics of a
    service change no alarm.
    """
    cloudwatch._evaluate_alarm = evaluate_alarm
    # On every request MiniStack drops datapoints older than two weeks, and loses
    # those that are written at the same time. No emulator runs for two weeks.
    cloudwatch._evict_old_metrics = lambda: None
    cloudwatch._metric_bucket = lambda key: cloudwatch._metrics.setdefault(key, [])
    threading.Thread(target=_evaluate_forever, daemon=True, name="alarms").start()


def period_scale() -> None:
    """Accept a factor for alarm periods at the control endpoint.

    AWS: has no such factor. It spares a test or a demo the five minutes until an
    alarm returns to OK.
    Source: `POST /_ministack/config {"cloudwatch.PERIOD_SCALE": 0.01}`, next to
    MiniStack's own factor for Wait states.
    MiniStack: has a factor for Wait states only.
    """
    handle = app._handle_admin_config_request

    async def handle_request(path: str, method: str, body: bytes) -> Response:
        if path == "/_ministack/config" and PERIOD_SCALE.encode() in body:
            settings = json.loads(body)
            configure(period_scale=float(settings.pop(PERIOD_SCALE)))
            body = json.dumps(settings).encode()
        return await handle(path, method, body)

    app._handle_admin_config_request = handle_request


def evaluate_alarm(alarm: Alarm) -> None:
    """Set the alarm's state according to its datapoints."""
    with _lock:
        name = alarm["AlarmName"]
        has_metric = alarm.get("Metrics") or alarm.get("MetricName")
        if cloudwatch._alarms.get(name) is not alarm or not has_metric:
            return
        compare = _COMPARISONS[alarm["ComparisonOperator"]]
        periods = int(alarm["EvaluationPeriods"])
        rule = AlarmRule(
            periods,
            int(alarm.get("DatapointsToAlarm") or periods),
            lambda value: compare(value, alarm["Threshold"]),
            alarm.get("TreatMissingData") or "missing",
        )
        values = datapoints(alarm, time.time())
        before = AlarmState(alarm["StateValue"])
        state = decide(rule, values, before)
        if state is not before:
            present = present_values(rule, values)
            reason = alarm_messages.reason(alarm, rule, state, present)
            _change_state(alarm, state, reason)


def datapoints(alarm: Alarm, now: float) -> Series:
    """Return one value per period, the newest first, for the evaluation range."""
    length = evaluation_range(int(alarm["EvaluationPeriods"]))
    if queries := alarm.get("Metrics"):
        return query_series(queries, now, length)
    statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    return _metric_series(
        alarm, statistic, alarm["Period"], alarm.get("Unit"), now, length
    )


def query_series(queries: list[dict[str, Any]], now: float, length: int) -> Series:
    """Return the series of the query that returns data.

    Raises UnsupportedExpression.
    """
    series: dict[str, Series] = {}
    expressions: dict[str, str] = {}
    for query in queries:
        if "MetricStat" in query:
            stat = query["MetricStat"]
            series[query["Id"]] = _metric_series(
                stat["Metric"],
                stat["Stat"],
                stat["Period"],
                stat.get("Unit"),
                now,
                length,
            )
        else:
            expressions[query["Id"]] = query["Expression"]
    metrics = list(series.values())

    def resolve(query_id: str) -> None:
        """Evaluate an expression after those that it refers to."""
        expression = expressions.pop(query_id)
        for other in list(expressions):
            if other in expressions and re.search(rf"\b{other}\b", expression):
                resolve(other)
        series[query_id] = evaluate(expression, series, length, metrics)

    while expressions:
        resolve(next(iter(expressions)))
    returned = [query["Id"] for query in queries if query.get("ReturnData", True)]
    return series[returned[0]]


def _metric_series(
    metric: dict[str, Any],
    statistic: str,
    period: float,
    unit: str | None,
    now: float,
    length: int,
) -> Series:
    dimensions = cloudwatch._dims_from_list(metric.get("Dimensions") or [])
    key = (metric["Namespace"], metric["MetricName"], cloudwatch._dims_key(dimensions))
    period_seconds = scaled(period)
    periods: list[list[dict[str, Any]]] = [[] for _ in range(length)]
    too_old = 0
    for point in reversed(cloudwatch._metrics.get(key) or []):
        number = int((now - point["Timestamp"]) / period_seconds)
        if number >= length:
            too_old += 1
            if too_old > _OUT_OF_ORDER:
                break
        elif now >= point["Timestamp"] and unit in (None, point["Unit"]):
            periods[number].append(point)
    return [
        cloudwatch._stat_value(cloudwatch._calc_stats(points), statistic, points)
        if points
        else None
        for points in periods
    ]


def _change_state(alarm: Alarm, state: AlarmState, reason: str) -> None:
    before, now = alarm["StateValue"], int(time.time())
    alarm.update(
        StateValue=state.value,
        StateReason=reason,
        StateUpdatedTimestamp=now,
        StateTransitionedTimestamp=now,
    )
    cloudwatch._record_history(alarm["AlarmName"], before, state.value, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, state.value, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _evaluate_forever() -> None:
    while True:
        began = time.monotonic()
        try:
            for action in _tick_actions:
                action()
            for alarm in cloudwatch._alarms.values():
                evaluate_alarm(alarm)
        except Exception:  # noqa: BLE001 - the thread has to survive for the next tick
            _log.exception("an alarm could not be evaluated")
        # However many datapoints there are, use at most a tenth of the time.
        time.sleep(max(_TICK_SECONDS, 9 * (time.monotonic() - began)))
