"""An alarm's state follows CloudWatch's tables for missing data."""

import pytest

from local.emulator.alarm_state import AlarmRule as Rule, AlarmState as State, decide, evaluation_range as looked_at

WORDS = {
    "A": State.ALARM,
    "I": State.INSUFFICIENT_DATA,
    "O": State.OK,
}


# The rows of AWS' tables, the newest datapoint last: 0 is good, X is bad, - is
# missing. Then the state when missing data are missing, ignored, breaching, not
# breaching; R is the state that it had.
@pytest.mark.parametrize(
    ("needed", "points", "states"),
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
@pytest.mark.parametrize("before", State)
def test_a_row_of_the_tables(
    needed: int, points: str, states: str, before: State
) -> None:
    """Three periods, of which all or two have to breach."""
    values = [{"0": 0.0, "X": 1.0, "-": None}[point] for point in reversed(points)]
    treatments = ("missing", "ignore", "breaching", "notBreaching")

    for treatment, word in zip(treatments, states, strict=True):
        rule = Rule(3, needed, lambda value: value > 0, treatment)
        assert decide(rule, values, before) == WORDS.get(word, before), treatment


def test_an_evaluation_looks_as_far_back_as_the_tables() -> None:
    """Five datapoints for three periods."""
    assert looked_at(3) == 5
