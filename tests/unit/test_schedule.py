"""Schedule: waits are bounded, grow with the time elapsed, and are few."""

import math
import random
import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.schedule import (
    cap_to_deadline,
    deadline,
    poll_seconds,
    retry_seconds,
)
from tests.settings import POLICY
from tests.unit.strategies import chances, moments

CALM = replace(POLICY, jitter=0.0)
LONGEST = math.ceil(POLICY.cap_seconds * (1 + POLICY.jitter))

hints = st.none() | st.floats()  # infinite and NaN too
failure_counts = st.integers(0, 10**6)


@pytest.mark.fault(35)
@given(elapsed=st.floats(0, 1e12), chance=chances)
def test_a_poll_waits_whole_seconds_within_its_bounds(
    elapsed: float, chance: float
) -> None:
    """The Wait state takes whole seconds; 0 would spin, more than the cap sleep."""
    seconds = poll_seconds(elapsed, policy=POLICY, random=chance)

    assert type(seconds) is int
    assert 1 <= seconds <= LONGEST


@pytest.mark.fault(35)
@given(failures=failure_counts, chance=chances, hint=hints)
def test_a_retry_waits_within_its_bounds_however_often_it_failed(
    failures: int, chance: float, hint: float | None
) -> None:
    """Doubling a million times must not overflow, whatever the provider asks for."""
    seconds = retry_seconds(failures, policy=POLICY, random=chance, hint=hint)

    assert type(seconds) is int
    assert 1 <= seconds <= max(LONGEST, POLICY.hint_max_seconds)


@pytest.mark.fault(35)
@given(one=failure_counts, other=failure_counts, chance=chances)
def test_more_failures_never_wait_less(one: int, other: int, chance: float) -> None:
    """A provider in trouble is asked more seldom, not more often."""
    fewer, more = sorted((one, other))

    assert retry_seconds(fewer, policy=POLICY, random=chance) <= retry_seconds(
        more, policy=POLICY, random=chance
    )


@given(one=st.floats(0, 1e6), other=st.floats(0, 1e6), chance=chances)
def test_more_time_elapsed_never_waits_less(
    one: float, other: float, chance: float
) -> None:
    """Waiting in proportion to the time elapsed makes the fewest checks."""
    sooner, later = sorted((one, other))

    assert poll_seconds(sooner, policy=POLICY, random=chance) <= poll_seconds(
        later, policy=POLICY, random=chance
    )


@pytest.mark.parametrize(
    ("elapsed", "expected"),
    [
        pytest.param(0, 5, id="the first wait"),
        pytest.param(50, 5, id="where growth begins"),
        pytest.param(100, 10, id="a tenth"),
        pytest.param(9_000, 900, id="where the cap begins"),
        pytest.param(86_400, 900, id="a day"),
    ],
)
def test_a_poll_waits_a_tenth_of_the_time_elapsed(elapsed: int, expected: int) -> None:
    """So a result is noticed at most a tenth of its own duration late."""
    assert poll_seconds(elapsed, policy=CALM, random=0.5) == expected


@pytest.mark.parametrize(
    ("failures", "expected"),
    [(0, 2), (1, 2), (2, 4), (3, 8), (9, 512), (10, 900), (10**6, 900)],
)
def test_a_retry_doubles_up_to_the_cap(failures: int, expected: int) -> None:
    """A passing fault is met again soon, a lasting one costs little."""
    assert retry_seconds(failures, policy=CALM, random=0.5) == expected


@pytest.mark.parametrize(
    ("chance", "expected"),
    [
        pytest.param(0.0, 90, id="earliest"),
        pytest.param(0.5, 100, id="middle"),
        pytest.param(1 - 2**-53, 110, id="latest"),
    ],
)
def test_jitter_spreads_both_ways(chance: float, expected: int) -> None:
    """Jobs that started together do not come back together."""
    assert poll_seconds(1_000, policy=POLICY, random=chance) == expected


@pytest.mark.fault(22)
@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        pytest.param(None, 2, id="none"),
        pytest.param(-1.0, 2, id="negative"),
        pytest.param(0.0, 2, id="zero"),
        pytest.param(1.5, 2, id="shorter than ours"),
        pytest.param(120.0, 120, id="longer than ours"),
        pytest.param(120.2, 121, id="never sooner than asked"),
        pytest.param(99_999_999.0, 3_600, id="absurd"),
        pytest.param(math.inf, 3_600, id="infinite"),
        pytest.param(math.nan, 2, id="no number"),
    ],
)
def test_a_hint_is_honoured_within_bounds(hint: float | None, expected: int) -> None:
    """The provider may slow us down, but neither stop us nor hurry us."""
    assert retry_seconds(1, policy=CALM, random=0.5, hint=hint) == expected


@pytest.mark.fault(22)
def test_a_poll_honours_a_hint_too() -> None:
    """It may come with an answer as well as with a refusal."""
    assert poll_seconds(0, policy=CALM, random=0.5, hint=60.0) == 60


@given(started=moments, wait=st.integers(1, 3_960), now=moments)
def test_a_wait_never_passes_the_deadline(
    started: float, wait: int, now: float
) -> None:
    """The last look falls on the deadline, not some quarter of an hour after it."""
    stops_at = deadline(started, policy=POLICY)

    seconds = cap_to_deadline(stops_at, wait, now=now)

    assert 1 <= seconds <= wait
    assert seconds == 1 or now + seconds < stops_at + 1


def checks_until(duration: float, chance: random.Random) -> tuple[int, float]:
    """Follow one job; give the number of checks and when the last one was."""
    checks, elapsed = 0, 0
    while elapsed < duration:
        elapsed += poll_seconds(elapsed, policy=POLICY, random=chance.random())
        checks += 1
    return checks, elapsed


def test_results_are_noticed_soon_with_few_checks() -> None:
    """Bar P7: lateness in proportion to the duration, and checks cost money."""
    chance = random.Random(7)
    spread = (math.log(10), math.log(6 * 3_600))
    durations = [math.exp(chance.uniform(*spread)) for _ in range(20_000)]

    followed = [checks_until(duration, chance) for duration in durations]

    lags = [end / d - 1 for d, (_, end) in zip(durations, followed, strict=True)]
    long_lags = [lag for lag, d in zip(lags, durations, strict=True) if d > 60]
    assert statistics.mean(checks for checks, _ in followed) <= 35
    assert max(long_lags) <= 0.12
    # The bar is 0.06; first 5 s, growth 0.1 and jitter 0.1 reach 0.066.
    assert statistics.mean(lags) <= 0.067


def test_a_day_of_waiting_takes_few_checks() -> None:
    """Bar P7: each check costs transitions, and the history holds 25,000 events."""
    chance = random.Random(7)

    days = [checks_until(86_400, chance)[0] for _ in range(100)]

    assert max(days) <= 160
