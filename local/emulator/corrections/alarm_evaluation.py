"""Alarms, looked at all the time over the datapoints of their periods."""

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

from local.emulator.alarm_state import Rule, State, considered, decide, looked_at
from local.emulator.corrections import alarm_messages
from local.emulator.metric_math import Series, evaluate

Alarm = dict[str, Any]
Query = dict[str, Any]

PERIOD_SCALE = "cloudwatch.PERIOD_SCALE"

# The local stack shows a change within a second.
_TICK = 0.2
_SHORTEST_PERIOD = 2 * _TICK
# Points are kept as they come; one that is written late can be a few places off.
_OUT_OF_ORDER = 200
_BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}

_log = logging.getLogger("cloudwatch")
_scale = [1.0]  # one, changed by configure and by the control endpoint
_each_tick: list[Callable[[], None]] = []
# An alarm changes once, whoever looks first.
_lock = threading.RLock()


def configure(*, period_scale: float) -> None:
    """Say how long an alarm's period lasts, as a factor."""
    _scale[:] = [period_scale]


def scaled(period: float) -> float:
    """The seconds that a period lasts here."""
    return max(period * _scale[0], _SHORTEST_PERIOD)


def on_each_tick(action: Callable[[], None]) -> None:
    """Have something done before the alarms are looked at."""
    _each_tick.append(action)


def alarms_in_time() -> None:
    """Evaluate alarms all the time, whoever wrote the datapoints, if anybody did.

    Of M of the last N periods, of one metric with exactly its dimensions or of an
    expression, with missing data treated as the alarm says. MiniStack looks once,
    at PutMetricData, at one number over all periods and all dimensions; so an
    alarm stays as it is when data stop, and none goes off for a service's metric.
    """
    cloudwatch._evaluate_alarm = evaluate_alarm
    # It drops points of two weeks ago, which are not here, on every request, and
    # with them those that are written meanwhile.
    cloudwatch._evict_old_metrics = lambda: None
    cloudwatch._metric_bucket = lambda key: cloudwatch._metrics.setdefault(key, [])
    threading.Thread(target=_tick, daemon=True, name="alarms").start()


def period_scale() -> None:
    """Take a factor for the periods of alarms at the control endpoint: ours, not AWS'.

    `POST /_ministack/config {"cloudwatch.PERIOD_SCALE": 0.01}`, beside the scale
    of Wait states, so that nobody waits five minutes for an alarm to be quiet.
    """
    handle = app._handle_admin_config_request

    async def handle_request(path: str, method: str, body: bytes) -> Any:  # noqa: ANN401 - MiniStack's response
        if path == "/_ministack/config" and PERIOD_SCALE.encode() in body:
            settings = json.loads(body)
            configure(period_scale=float(settings.pop(PERIOD_SCALE)))
            body = json.dumps(settings).encode()
        return await handle(path, method, body)

    app._handle_admin_config_request = handle_request


def evaluate_alarm(alarm: Alarm) -> None:
    """Look at the datapoints, and change the alarm's state if they say so."""
    with _lock:
        name = alarm["AlarmName"]
        measured = alarm.get("Metrics") or alarm.get("MetricName")
        if cloudwatch._alarms.get(name) is not alarm or not measured:
            return
        rule, values = _rule(alarm), datapoints(alarm, time.time())
        before = State(alarm["StateValue"])
        state = decide(rule, values, before)
        if state is not before:
            looked = considered(rule, values)
            _change(alarm, state, alarm_messages.reason(alarm, rule, state, looked))


def datapoints(alarm: Alarm, now: float) -> Series:
    """One value a period, the newest first, as far back as an evaluation looks."""
    length = looked_at(int(alarm["EvaluationPeriods"]))
    queries: list[Query] = alarm.get("Metrics") or []
    if not queries:
        stat = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        return _measured(alarm, stat, alarm["Period"], alarm.get("Unit"), now, length)
    return computed(queries, now, length)


def computed(queries: list[Query], now: float, length: int) -> Series:
    """The series that a list of metrics and expressions returns."""
    series: dict[str, Series] = {}
    expressions: dict[str, str] = {}
    for query in queries:
        if "MetricStat" in query:
            of = query["MetricStat"]
            series[query["Id"]] = _measured(
                of["Metric"], of["Stat"], of["Period"], of.get("Unit"), now, length
            )
        else:
            expressions[query["Id"]] = query["Expression"]
    metrics = list(series.values())

    def resolve(query_id: str) -> None:
        expression = expressions.pop(query_id)
        for other in list(expressions):
            if other in expressions and re.search(rf"\b{other}\b", expression):
                resolve(other)
        series[query_id] = evaluate(expression, series, length, metrics)

    while expressions:
        resolve(next(iter(expressions)))
    returned = [query["Id"] for query in queries if query.get("ReturnData", True)]
    return series[returned[0]]


def _measured(
    metric: dict[str, Any],
    stat: str,
    period: float,
    unit: str | None,
    now: float,
    length: int,
) -> Series:
    dimensions = cloudwatch._dims_from_list(metric.get("Dimensions") or [])
    key = (metric["Namespace"], metric["MetricName"], cloudwatch._dims_key(dimensions))
    lasts = scaled(period)
    windows: list[list[dict[str, Any]]] = [[] for _ in range(length)]
    late = 0
    for point in reversed(cloudwatch._metrics.get(key) or []):
        number = int((now - point["Timestamp"]) / lasts)
        if number >= length:
            late += 1
            if late > _OUT_OF_ORDER:
                break
        elif now >= point["Timestamp"] and unit in (None, point["Unit"]):
            windows[number].append(point)
    return [_statistic(points, stat) if points else None for points in windows]


def _statistic(points: list[dict[str, Any]], stat: str) -> float | None:
    value: float | None = cloudwatch._stat_value(
        cloudwatch._calc_stats(points), stat, points
    )
    return value


def _rule(alarm: Alarm) -> Rule:
    breach = _BREACHES[alarm["ComparisonOperator"]]
    periods = int(alarm["EvaluationPeriods"])
    return Rule(
        periods,
        int(alarm.get("DatapointsToAlarm") or periods),
        lambda value: breach(value, alarm["Threshold"]),
        alarm.get("TreatMissingData") or "missing",
    )


def _change(alarm: Alarm, state: State, reason: str) -> None:
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


def _tick() -> None:
    while True:
        began = time.monotonic()
        try:
            for action in _each_tick:
                action()
            for alarm in cloudwatch._alarms.values():
                evaluate_alarm(alarm)
        except Exception:  # noqa: BLE001 - the thread has to live for the next tick
            _log.exception("an alarm could not be evaluated")
        # However many datapoints there are, nine tenths of the time are others'.
        time.sleep(max(_TICK, 9 * (time.monotonic() - began)))
