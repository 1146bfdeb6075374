"""Decide the state of a CloudWatch alarm from its datapoints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class AlarmState(StrEnum):
    """The states of an alarm in CloudWatch."""

    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    OK = "OK"


@dataclass(frozen=True)
class AlarmRule:
    """The condition of an alarm: `required` of the last `periods` datapoints breach."""

    periods: int
    required: int
    breaches: Callable[[float], bool]
    missing: str  # TreatMissingData


# CloudWatch evaluates a little more than an alarm's periods, and prefers real
# datapoints of that range to filling in missing ones.
_EXTRA_PERIODS = 2


def evaluation_range(periods: int) -> int:
    """Return how many periods an evaluation takes into account."""
    return periods + _EXTRA_PERIODS


def present_values(rule: AlarmRule, values: Sequence[float | None]) -> list[float]:
    """Return the newest datapoints that are not missing, at most `rule.periods`."""
    return [value for value in values if value is not None][: rule.periods]


def decide(
    rule: AlarmRule, values: Sequence[float | None], before: AlarmState
) -> AlarmState:
    """Return the new state for these datapoints, which are in order, newest first.

    `values` has one item for each period of the `evaluation_range`. The result is
    that of the two tables in
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data
    """
    present = present_values(rule, values)
    breaching = sum(rule.breaches(value) for value in present)
    all_breach = breaching == len(present)
    missing = rule.periods - len(present)
    if rule.missing == "breaching":
        breaching += missing
    if breaching >= rule.required:
        return AlarmState.ALARM
    if rule.missing in ("breaching", "notBreaching") or not missing:
        return AlarmState.OK
    if rule.missing == "ignore":
        return before if all_breach else AlarmState.OK
    if not present:
        return AlarmState.INSUFFICIENT_DATA
    return AlarmState.ALARM if all_breach else AlarmState.OK
