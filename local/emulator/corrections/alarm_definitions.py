"""Alarms on metric math expressions, and composite alarms in a template."""

import json
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.emulator.corrections import alarm_evaluation
from local.emulator.corrections.ministack_types import Alarm, Props, Response
from local.emulator.metric_math import UnsupportedExpression

# Fields of an alarm on one metric, which an alarm on an expression lacks.
_SINGLE_METRIC_FIELDS = (
    "Dimensions",
    "ExtendedStatistic",
    "MetricName",
    "Namespace",
    "Period",
    "Statistic",
    "Unit",
)


def metric_math() -> None:
    """Accept alarms on expressions, through the API and in a template.

    AWS: an alarm can watch the result of a metric math expression.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html
    MiniStack: drops the expression in the API and refuses it in a template.
    """
    put = cloudwatch._put_metric_alarm
    create_record = provisioners._cw_metric_alarm_record

    def put_metric_alarm(
        params: object, data: Props, is_cbor: bool, is_json: bool
    ) -> Response:
        queries = data.get("Metrics") or []
        if problem := _problem(queries):
            return cloudwatch._error(
                "ValidationError", problem, 400, use_json=is_json, use_cbor=is_cbor
            )
        response = put(params, data, is_cbor, is_json)
        if queries and data["AlarmName"] in cloudwatch._alarms:
            _set_queries(cloudwatch._alarms[data["AlarmName"]], queries)
        return response

    def metric_alarm_record(name: str, props: Props) -> Alarm:
        queries = props.get("Metrics") or []
        if not queries:
            alarm: Alarm = create_record(name, props)
            return alarm
        if problem := _problem(queries):
            raise ValueError(problem)
        placeholder = {"MetricName": "-", "Namespace": "-", **props, "Metrics": []}
        alarm = create_record(name, placeholder)
        _set_queries(alarm, queries)
        return alarm

    cloudwatch._put_metric_alarm = put_metric_alarm
    provisioners._cw_metric_alarm_record = metric_alarm_record


def composite_alarms() -> None:
    """Create AWS::CloudWatch::CompositeAlarm resources of a template.

    AWS: CloudFormation supports the resource type.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudwatch-compositealarm.html
    MiniStack: has composite alarms in its API, but refuses them in a template.
    """
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = {
        "create": _create,
        "update": _update,
        "delete": _delete,
    }


def _problem(queries: list[dict[str, Any]]) -> str | None:
    """Return why CloudWatch or the emulator cannot evaluate the queries, or None."""
    if not queries:
        return None
    if sum(query.get("ReturnData", True) for query in queries) != 1:
        return "Exactly one element of the metrics list should return data."
    try:
        alarm_evaluation.query_series(queries, now=0, length=1)
    except UnsupportedExpression as error:
        return f"Error in expression: {error}"
    return None


def _set_queries(alarm: Alarm, queries: list[dict[str, Any]]) -> None:
    for name in _SINGLE_METRIC_FIELDS:
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
