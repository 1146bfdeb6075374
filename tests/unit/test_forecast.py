"""Forecast: finished jobs tell when the next one ends, and how sure that is."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.populations import history
from benchmarks.schedule import longer_waits
from functions.core.forecast import Finish, forecast
from functions.core.model import NO_FORECAST, Forecast
from functions.core.schedule import checks_until, poll_seconds
from tests.settings import ipqs_settings
from tests.unit.strategies import random_numbers

IPQS = ipqs_settings().poll
_DAY = 86_400

histories = st.integers(0, 2**32).map(lambda seed: history(Random(seed)))
forecasts = st.builds(
    lambda low, expected, high, jobs: Forecast(
        seconds=low + expected, low=low, high=low + expected + high, jobs=jobs
    ),
    *(st.integers(0, 100_000) for _ in range(3)),
    jobs=st.integers(1, 40),
) | histories.map(lambda each: forecast(each[0], values=each[1]))


def _finishes(count: int, *, rate: float = 0.01, fixed: float = 0.0) -> list[Finish]:
    """Return finishes of different sizes, each exactly as its size says."""
    sizes = [1000 * (number + 1) for number in range(count)]
    return [Finish(values=size, seconds=fixed + rate * size) for size in sizes]


def test_a_list_takes_its_share_of_values() -> None:
    """Twice as many values take twice as long, where nothing else is known."""
    prediction = forecast(_finishes(9), values=18_000)

    assert prediction == Forecast(seconds=180, low=180, high=180, jobs=9)


def test_a_fixed_part_is_found() -> None:
    """A provider's queue takes as long for a short list as for a long one."""
    prediction = forecast(_finishes(40, rate=0.01, fixed=60.0), values=1_000)

    assert prediction.seconds == pytest.approx(70, rel=0.1)


def test_a_duration_that_does_not_depend_on_the_size_is_found() -> None:
    """A provider may have a batch run every ten minutes."""
    finishes = [
        Finish(values=each.values, seconds=600.0 + number % 7)
        for number, each in enumerate(_finishes(40))
    ]

    assert forecast(finishes, values=2_000).seconds == pytest.approx(603, abs=3)


def test_one_outlier_changes_nothing() -> None:
    """A provider that hangs once must not spoil the next forty forecasts."""
    normal = _finishes(20)
    odd = [*normal[:-1], Finish(values=20_000, seconds=1e6)]

    assert forecast(odd, values=5_000).seconds == forecast(normal, values=5_000).seconds


@pytest.mark.parametrize(
    ("count", "values"),
    [
        pytest.param(0, 1_000, id="no history"),
        pytest.param(8, 1_000, id="a thin one"),
        pytest.param(40, 499, id="a smaller list than any"),
        pytest.param(40, 80_001, id="a larger list than any"),
    ],
)
def test_nothing_is_told_without_knowledge(count: int, values: int) -> None:
    """A range that four of five ends are in cannot rest on eight jobs, or on others."""
    assert forecast(_finishes(count), values=values) == NO_FORECAST


def test_four_of_five_ends_are_in_the_range() -> None:
    """Who plans by the range should be wrong once in five times at most."""
    random = Random(7)
    inside = 0
    for _ in range(400):
        *known, new = [
            Finish(values=size, seconds=size * random.uniform(0.008, 0.012))
            for size in (round(10 ** random.uniform(3, 6)) for _ in range(41))
        ]
        prediction = forecast(
            [*known, Finish(values=10**6, seconds=1e4)], values=new.values
        )
        inside += prediction.low <= new.seconds <= prediction.high

    assert 0.8 <= inside / 400 <= 0.95


@given(drawn=histories)
def test_a_forecast_is_a_range_with_the_expected_end_in_it(
    drawn: tuple[list[Finish], int],
) -> None:
    """Whatever a provider does, the API has to show times in their order."""
    finishes, values = drawn

    prediction = forecast(finishes, values=values)

    assert 0 <= prediction.low <= max(prediction.seconds, 1)
    assert prediction.seconds <= max(prediction.high, 1)
    assert prediction.jobs in {0, len(finishes)}


@given(
    elapsed=st.floats(0, _DAY),
    random=random_numbers,
    prediction=forecasts,
    polls=st.integers(0, 200),
)
def test_no_forecast_makes_a_wait_longer(
    elapsed: float, random: float, prediction: Forecast, polls: int
) -> None:
    """Bar P8: a job is noticed as soon as without, whatever the provider does."""
    plain = poll_seconds(elapsed, policy=IPQS, random=random)

    wait = poll_seconds(
        elapsed, policy=IPQS, random=random, forecast=prediction, polls=polls
    )

    assert 1 <= wait <= plain


@pytest.mark.fault(36)
@given(prediction=forecasts, seed=st.integers(0, 2**32))
def test_no_forecast_costs_more_than_some_checks(
    prediction: Forecast, seed: int
) -> None:
    """Bars P9 and P7: a day has at most 1,500 events (157 checks); jitter adds few."""
    steady = replace(IPQS, jitter=0.0)

    counts = [
        longer_waits(prediction, policy=policy, random=Random(seed))
        for policy in (steady, IPQS)
    ]

    assert counts[0][0] <= 157
    assert counts[1][0] <= 160
    assert [longer for _, longer in counts] == [0, 0]


def test_waits_are_short_around_the_expected_end() -> None:
    """A result is fetched soon after it is there, where that is known."""
    prediction = Forecast(seconds=3600, low=3400, high=3800, jobs=20)

    def wait(elapsed: float) -> int:
        return poll_seconds(
            elapsed, policy=IPQS, random=0.5, forecast=prediction, polls=50
        )

    assert wait(2_000) == 200  # as usual: a tenth of the time elapsed
    assert wait(3_300) < 150  # no further than into the range
    assert wait(3_600) < 110
    assert wait(4_000) == 400  # the forecast was wrong
    polls = checks_until(3_600, IPQS) + 10
    assert (
        poll_seconds(3_600, policy=IPQS, random=0.5, forecast=prediction, polls=polls)
        == 360
    )


@pytest.mark.parametrize("values", [0, 12])
def test_jobs_that_ended_at_once_are_no_reason_to_fail(values: int) -> None:
    """A job is submitted by then: whatever is known of others must not end it."""
    finishes = [Finish(values=values, seconds=0.0)] * 20

    known = forecast(finishes, values=values)

    assert known.low <= known.seconds <= known.high
