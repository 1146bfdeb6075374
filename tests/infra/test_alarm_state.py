"""The state of an alarm follows CloudWatch's tables for missing data."""

import pytest

from tests.infra.alarm_state import AlarmRule, AlarmState, decide, evaluation_range

STATES = {
    "A": AlarmState.ALARM,
    "I": AlarmState.INSUFFICIENT_DATA,
    "O": AlarmState.OK,
}


# The rows of AWS' tables, with the newest datapoint last: 0 is not breaching, X is
# breaching, - is missing. Then the state when missing data are treated as missing,
# ignore, breaching and notBreaching; R means that the state does not change.
@pytest.mark.parametrize(
    ("required", "points", "states"),
    [
        (3, "0-X-X", "OOOO"),
        (3, "----0", "OOOO"),
        (3, "-----", "IRAO"),
        (3, "0XX-X", "AAAA"),
        (3, "--X--", "ARAO"),
        (2, "0-X-X", "AAAA"),
        (2, "00X0X", "AAAA"),
        (2, "0-X--", "OOAO"),
        (2, "----0", "OOAO"),
        (2, "---X-", "ARAO"),
    ],
)
@pytest.mark.parametrize("before", AlarmState)
def test_state_follows_the_tables(
    required: int, points: str, states: str, before: AlarmState
) -> None:
    """Either all of three periods or two of them have to breach."""
    values = [{"0": 0.0, "X": 1.0, "-": None}[point] for point in reversed(points)]
    treatments = ("missing", "ignore", "breaching", "notBreaching")

    for treatment, letter in zip(treatments, states, strict=True):
        rule = AlarmRule(3, required, lambda value: value > 0, treatment)
        assert decide(rule, values, before) == STATES.get(letter, before), treatment


def test_evaluation_range_is_that_of_the_tables() -> None:
    """The tables show five datapoints for three periods."""
    assert evaluation_range(3) == 5
