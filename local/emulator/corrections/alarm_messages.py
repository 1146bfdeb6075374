"""What an alarm says when its state changes."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import cloudwatch, sns

from local.emulator.alarm_state import Rule, State

Alarm = dict[str, Any]

_ACTIONS = {
    "ALARM": "AlarmActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
    "OK": "OKActions",
}
_WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanOrEqualToThreshold": "less than or equal to",
    "LessThanThreshold": "less than",
}
_TRIGGER = (
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "ComparisonOperator",
    "Threshold",
    "TreatMissingData",
)
_REGIONS = {"us-east-1": "US East (N. Virginia)"}
_SUBJECT = 100


def alarm_messages() -> None:
    """Tell topics of a change in the form that CloudWatch uses.

    With the alarm's ARN and actions, its metrics or its rule. MiniStack's message
    lacks them, and writes dimensions and times in another way.
    """
    cloudwatch._dispatch_alarm_actions = _tell


def reason(alarm: Alarm, rule: Rule, state: State, values: Sequence[float]) -> str:
    """Why the alarm is in this state: these are the datapoints that it looked at."""
    missing = rule.periods - len(values)
    if state is State.INSUFFICIENT_DATA:
        return f"Insufficient Data: {missing} datapoints were unknown."
    if not values:
        return (
            f"Threshold Crossed: no datapoints were received for {missing} periods "
            f"and {missing} missing datapoints were treated as [{rule.missing}]."
        )
    going_off = state is State.ALARM
    shown = [value for value in values if rule.breaches(value) is going_off]
    return (
        f"Threshold Crossed: {len(shown)} out of the last {rule.periods} datapoints "
        f"{shown} {'were' if going_off else 'were not'} "
        f"{_WORDS[alarm['ComparisonOperator']]} the threshold ({alarm['Threshold']})."
    )


def _tell(alarm: Alarm, before: str, state: str, why: str) -> None:
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
        "NewStateValue": state,
        "NewStateReason": why,
        "StateChangeTime": _time(alarm["StateUpdatedTimestamp"]),
        "Region": _REGIONS.get(region, region),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": before,
        **{actions: alarm.get(actions) or [] for actions in _ACTIONS.values()},
        **(_rule(alarm) if "AlarmRule" in alarm else {"Trigger": _trigger(alarm)}),
    }
    subject = f'{state}: "{alarm["AlarmName"]}" in {message["Region"]}'[:_SUBJECT]
    for action in alarm.get(_ACTIONS[state]) or []:
        if cloudwatch._is_sns_action_arn(action):
            sns._fanout(action, new_uuid(), json.dumps(message), subject)


def _rule(alarm: Alarm) -> dict[str, Any]:
    data = json.loads(alarm.get("StateReasonData") or "{}")
    return {
        "AlarmRule": alarm["AlarmRule"],
        "TriggeringChildren": [
            {"Arn": child["arn"], "State": _capital(child["state"])}
            for child in data.get("triggeringAlarms", [])
        ],
    }


def _trigger(alarm: Alarm) -> dict[str, Any]:
    common = {name: alarm.get(name) for name in _TRIGGER}
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
            {"name": one["Name"], "value": one["Value"]}
            for one in alarm.get("Dimensions") or []
        ],
    }


def _capital(state: dict[str, str]) -> dict[str, str]:
    return {key.capitalize(): value for key, value in state.items()}


def _time(epoch: float) -> str:
    at = datetime.fromtimestamp(epoch, tz=UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
