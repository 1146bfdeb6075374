"""The SNS message that an alarm sends when its state changes."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import cloudwatch, sns

from local.emulator.alarm_state import AlarmRule, AlarmState
from local.emulator.corrections.ministack_types import Alarm

_ACTIONS = {
    "ALARM": "AlarmActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
    "OK": "OKActions",
}
_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanOrEqualToThreshold": "less than or equal to",
    "LessThanThreshold": "less than",
}
_TRIGGER_FIELDS = (
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "ComparisonOperator",
    "Threshold",
    "TreatMissingData",
)
_REGION_NAMES = {"us-east-1": "US East (N. Virginia)"}
_SUBJECT_LIMIT = 100


def alarm_messages() -> None:
    """Send topics the message that CloudWatch sends.

    AWS: the message has the alarm's ARN and actions, and its metrics or its rule.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    MiniStack: omits these, and formats dimensions and times differently.
    """
    cloudwatch._dispatch_alarm_actions = _dispatch_actions


def reason(
    alarm: Alarm, rule: AlarmRule, state: AlarmState, values: Sequence[float]
) -> str:
    """Return the reason for a state, given the datapoints that are not missing."""
    missing = rule.periods - len(values)
    if state is AlarmState.INSUFFICIENT_DATA:
        return f"Insufficient Data: {missing} datapoints were unknown."
    if not values:
        return (
            f"Threshold Crossed: no datapoints were received for {missing} periods "
            f"and {missing} missing datapoints were treated as [{rule.missing}]."
        )
    in_alarm = state is AlarmState.ALARM
    datapoints = [value for value in values if rule.breaches(value) is in_alarm]
    return (
        f"Threshold Crossed: {len(datapoints)} out of the last {rule.periods} "
        f"datapoints {datapoints} {'were' if in_alarm else 'were not'} "
        f"{_COMPARISONS[alarm['ComparisonOperator']]} the threshold "
        f"({alarm['Threshold']})."
    )


def _dispatch_actions(
    alarm: Alarm, old_state: str, new_state: str, new_reason: str
) -> None:
    if not alarm.get("ActionsEnabled", True):
        return
    region = get_region()
    message = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": get_account_id(),
        "AlarmConfigurationUpdatedTimestamp": _time(
            alarm["AlarmConfigurationUpdatedTimestamp"]
        ),
        "NewStateValue": new_state,
        "NewStateReason": new_reason,
        "StateChangeTime": _time(alarm["StateUpdatedTimestamp"]),
        "Region": _REGION_NAMES.get(region, region),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old_state,
        **{actions: alarm.get(actions) or [] for actions in _ACTIONS.values()},
        **(_rule(alarm) if "AlarmRule" in alarm else {"Trigger": _trigger(alarm)}),
    }
    subject = f'{new_state}: "{alarm["AlarmName"]}" in {message["Region"]}'
    for action in alarm.get(_ACTIONS[new_state]) or []:
        if cloudwatch._is_sns_action_arn(action):
            sns._fanout(
                action, new_uuid(), json.dumps(message), subject[:_SUBJECT_LIMIT]
            )


def _rule(alarm: Alarm) -> dict[str, Any]:
    data = json.loads(alarm.get("StateReasonData") or "{}")
    return {
        "AlarmRule": alarm["AlarmRule"],
        "TriggeringChildren": [
            {
                "Arn": child["arn"],
                "State": {
                    key.capitalize(): value for key, value in child["state"].items()
                },
            }
            for child in data.get("triggeringAlarms", [])
        ],
    }


def _trigger(alarm: Alarm) -> dict[str, Any]:
    common = {name: alarm.get(name) for name in _TRIGGER_FIELDS}
    if "Metrics" in alarm:
        return {**common, "Metrics": alarm["Metrics"]}
    extended = alarm.get("ExtendedStatistic")
    return {
        **common,
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        "StatisticType": "ExtendedStatistic" if extended else "Statistic",
        **(
            {"ExtendedStatistic": extended}
            if extended
            else {"Statistic": alarm["Statistic"].upper()}
        ),
        "Unit": alarm.get("Unit"),
        "Dimensions": [
            {"name": dimension["Name"], "value": dimension["Value"]}
            for dimension in alarm.get("Dimensions") or []
        ],
    }


def _time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
