"""Alarms on metric math, and composite alarms in a template."""

import json
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.emulator.corrections import alarm_evaluation
from local.emulator.metric_math import NotUnderstood

Props = dict[str, Any]
Alarm = dict[str, Any]

# What an alarm of one metric has, and one of an expression has not.
_OF_ONE_METRIC = (
    "Dimensions",
    "ExtendedStatistic",
    "MetricName",
    "Namespace",
    "Period",
    "Statistic",
    "Unit",
)


def metric_math() -> None:
    """Take alarms on expressions, from the API and from a template.

    MiniStack drops the expression in the one, and refuses it in the other.
    """
    put, record = cloudwatch._put_metric_alarm, provisioners._cw_metric_alarm_record

    def put_metric_alarm(params: Any, data: Props, is_cbor: bool, is_json: bool) -> Any:  # noqa: ANN401 - MiniStack's
        queries = data.get("Metrics") or []
        if problem := _problem(queries):
            return cloudwatch._error(
                "ValidationError", problem, 400, use_json=is_json, use_cbor=is_cbor
            )
        answer = put(params, data, is_cbor, is_json)
        if queries and data["AlarmName"] in cloudwatch._alarms:
            _compute(cloudwatch._alarms[data["AlarmName"]], queries)
        return answer

    def metric_alarm_record(name: str, props: Props) -> Alarm:
        queries = props.get("Metrics") or []
        if not queries:
            alarm: Alarm = record(name, props)
            return alarm
        if problem := _problem(queries):
            raise ValueError(problem)
        stand_in = {"MetricName": "-", "Namespace": "-", **props, "Metrics": []}
        alarm = record(name, stand_in)
        _compute(alarm, queries)
        return alarm

    cloudwatch._put_metric_alarm = put_metric_alarm
    provisioners._cw_metric_alarm_record = metric_alarm_record


def composite_alarms() -> None:
    """Make AWS::CloudWatch::CompositeAlarm of a template a composite alarm.

    MiniStack has them in its API, and refuses them in a template.
    """
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = {
        "create": _create,
        "update": _update,
        "delete": _delete,
    }


def _problem(queries: list[Props]) -> str | None:
    """Why CloudWatch, or the emulator, cannot evaluate these."""
    if not queries:
        return None
    if sum(query.get("ReturnData", True) for query in queries) != 1:
        return "Exactly one element of the metrics list should return data."
    try:
        alarm_evaluation.computed(queries, now=0, length=1)
    except NotUnderstood as error:
        return f"Error in expression: {error}"
    return None


def _compute(alarm: Alarm, queries: list[Props]) -> None:
    for name in _OF_ONE_METRIC:
        alarm.pop(name, None)
    alarm["Metrics"] = queries


def _create(logical_id: str, props: Props, stack: str) -> tuple[str, Props]:
    name = props.get("AlarmName") or provisioners._physical_name(
        stack, logical_id, max_len=255
    )
    status, _, body = cloudwatch._put_composite_alarm(
        {}, {**props, "AlarmName": name}, is_cbor=False, is_json=True
    )
    if status != 200:  # noqa: PLR2004 - HTTP
        raise ValueError(json.loads(body)["message"])
    return name, {"Arn": _arn(name)}


def _update(physical_id: str, _old: Props, new: Props, stack: str) -> tuple[str, Props]:
    return _create(physical_id, {"AlarmName": physical_id, **new}, stack)


def _delete(physical_id: str, _props: Props) -> None:
    cloudwatch._composite_alarms.pop(physical_id, None)
    cloudwatch._resource_tags.pop(_arn(physical_id), None)


def _arn(name: str) -> str:
    return f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"
