"""The state of an alarm, from its datapoints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The words of CloudWatch."""

    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    OK = "OK"


@dataclass(frozen=True)
class Rule:
    """When an alarm goes off: `needed` of the last `periods` datapoints breach."""

    periods: int
    needed: int
    breaches: Callable[[float], bool]
    missing: str  # TreatMissingData


# CloudWatch looks a little further back than an alarm's periods, and takes what
# is there before it thinks of missing data.
_FURTHER = 2


def looked_at(periods: int) -> int:
    """How many periods back an evaluation looks."""
    return periods + _FURTHER


def considered(rule: Rule, values: Sequence[float | None]) -> list[float]:
    """The datapoints that count: the newest of those that there are."""
    return [value for value in values if value is not None][: rule.periods]


def decide(rule: Rule, values: Sequence[float | None], before: State) -> State:
    """The state after these datapoints, the newest first, `looked_at` of them.

    By the two tables of
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data
    """
    present = considered(rule, values)
    bad = sum(rule.breaches(value) for value in present)
    filled = rule.periods - len(present)
    if rule.missing == "breaching":
        bad += filled
    if bad >= rule.needed:
        return State.ALARM
    if rule.missing in ("breaching", "notBreaching") or not filled:
        return State.OK
    if rule.missing == "ignore":
        return before if bad == len(present) else State.OK
    if not present:
        return State.INSUFFICIENT_DATA
    return State.ALARM if bad == len(present) else State.OK
