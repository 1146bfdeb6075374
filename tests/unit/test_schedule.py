"""Schedule: waits are bounded, grow with the elapsed time, and are few."""

import math
import statistics
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.schedule import (
    Policy,
    cap_to_deadline,
    deadline,
    poll_seconds,
    retry_seconds,
)
from tests.settings import POLICY, ipqs_settings, txncheck_settings
from tests.unit.strategies import random_numbers, timestamps

WITHOUT_JITTER = replace(POLICY, jitter=0.0)
IPQS = ipqs_settings().poll
TXNCHECK = txncheck_settings().poll
LONGEST_WAIT = math.ceil(POLICY.cap_seconds * (1 + POLICY.jitter))

hints = st.none() | st.floats()  # infinite and NaN too
failure_counts = st.integers(0, 10**6)


@pytest.mark.fault(35)
@given(elapsed=st.floats(0, 1e12), random=random_numbers)
def test_a_poll_waits_whole_seconds_within_its_bounds(
    elapsed: float, random: float
) -> None:
    """The Wait state takes whole seconds, and 0 would check without a pause."""
    seconds = poll_seconds(elapsed, policy=POLICY, random=random)

    assert type(seconds) is int
    assert 1 <= seconds <= LONGEST_WAIT


@pytest.mark.fault(35)
@given(failures=failure_counts, random=random_numbers, hint=hints)
def test_a_retry_waits_within_its_bounds_after_any_number_of_failures(
    failures: int, random: float, hint: float | None
) -> None:
    """Neither a million doublings nor a provider's hint may exceed the bounds."""
    seconds = retry_seconds(failures, policy=POLICY, random=random, hint=hint)

    assert type(seconds) is int
    assert 1 <= seconds <= max(LONGEST_WAIT, POLICY.hint_max_seconds)


@pytest.mark.fault(35)
@given(first=failure_counts, second=failure_counts, random=random_numbers)
def test_more_failures_never_wait_less(first: int, second: int, random: float) -> None:
    """A provider with a fault is called less often, not more often."""
    fewer, more = sorted((first, second))

    assert retry_seconds(fewer, policy=POLICY, random=random) <= retry_seconds(
        more, policy=POLICY, random=random
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
    """A result is noticed late by at most a tenth of the job's duration."""
    assert poll_seconds(elapsed, policy=WITHOUT_JITTER, random=0.5) == expected


@pytest.mark.parametrize(
    ("failures", "expected"),
    [(0, 2), (1, 2), (2, 4), (3, 8), (9, 512), (10, 900), (10**6, 900)],
)
def test_a_retry_doubles_up_to_the_cap(failures: int, expected: int) -> None:
    """A short fault is over by the next try, a long one costs few calls."""
    assert retry_seconds(failures, policy=WITHOUT_JITTER, random=0.5) == expected


@pytest.mark.parametrize(
    ("random", "expected"),
    [
        pytest.param(0.0, 90, id="earliest"),
        pytest.param(0.5, 100, id="middle"),
        pytest.param(1 - 2**-53, 110, id="latest"),
    ],
)
def test_jitter_spreads_both_ways(random: float, expected: int) -> None:
    """Jobs that started together must not call together."""
    assert poll_seconds(1_000, policy=POLICY, random=random) == expected


@pytest.mark.fault(22)
@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        pytest.param(None, 2, id="none"),
        pytest.param(-1.0, 2, id="negative"),
        pytest.param(0.0, 2, id="zero"),
        pytest.param(1.5, 2, id="shorter than the wait"),
        pytest.param(120.0, 120, id="longer than the wait"),
        pytest.param(120.2, 121, id="rounded up"),
        pytest.param(99_999_999.0, 3_600, id="above the bound"),
        pytest.param(math.inf, 3_600, id="infinite"),
        pytest.param(math.nan, 2, id="NaN"),
    ],
)
def test_a_hint_is_honoured_within_bounds(hint: float | None, expected: int) -> None:
    """A provider may lengthen a wait, within bounds, and never shorten it."""
    assert retry_seconds(1, policy=WITHOUT_JITTER, random=0.5, hint=hint) == expected


@pytest.mark.fault(22)
def test_a_poll_honours_a_hint_too() -> None:
    """A hint can come with an answer as well as with an error."""
    assert poll_seconds(0, policy=WITHOUT_JITTER, random=0.5, hint=60.0) == 60


@given(started=timestamps, wait=st.integers(1, 3_960), now=timestamps)
def test_a_wait_never_passes_the_deadline(
    started: float, wait: int, now: float
) -> None:
    """The last check falls on the deadline, not a quarter of an hour later."""
    deadline_at = deadline(started, policy=POLICY)

    seconds = cap_to_deadline(deadline_at, wait, now=now)

    assert 1 <= seconds <= wait
    assert seconds == 1 or now + seconds < deadline_at + 1


def checks_until(
    duration: float, random: Random, *, policy: Policy = IPQS, overhead: float = 0.0
) -> tuple[int, float]:
    """Return the number of checks of one job, and the time of the last one.

    `overhead` is what a check takes besides the wait before it.
    """
    checks, elapsed = 0, 0.0
    while elapsed < duration:
        elapsed += overhead
        elapsed += poll_seconds(elapsed, policy=policy, random=random.random())
        checks += 1
    return checks, elapsed


def test_results_are_noticed_soon_with_few_checks() -> None:
    """Bar P7: lateness is relative to the duration, and checks cost money."""
    random = Random(7)
    spread = (math.log(10), math.log(6 * 3_600))
    durations = [math.exp(random.uniform(*spread)) for _ in range(20_000)]

    jobs = [checks_until(duration, random) for duration in durations]

    lags = [end / d - 1 for d, (_, end) in zip(durations, jobs, strict=True)]
    long_lags = [lag for lag, d in zip(lags, durations, strict=True) if d > 60]
    assert statistics.mean(checks for checks, _ in jobs) <= 35
    assert max(long_lags) <= 0.12
    assert statistics.mean(lags) <= 0.06


def test_a_day_of_waiting_takes_few_checks() -> None:
    """Bar P7: each check costs transitions, and the history holds 25,000 events."""
    random = Random(7)

    days = [checks_until(86_400, random)[0] for _ in range(100)]

    assert max(days) <= 160


def test_a_list_is_first_checked_later_than_it_is_checked_again() -> None:
    """No list is done at once, and a short one should not be noticed 12 s late."""
    steady = replace(IPQS, jitter=0.0)

    waits = [poll_seconds(e, policy=steady, random=0.5) for e in (0, 12, 40, 100)]

    assert waits == [12, 4, 4, 10]


def test_a_request_is_checked_as_its_provider_advises() -> None:
    """TxnCheck: first after 1 to 2 s, half as long again, at most 10 s for a minute."""
    random = Random(7)
    for _ in range(1_000):
        elapsed, waits = 0, []
        while elapsed < 60:
            waits.append(poll_seconds(elapsed, policy=TXNCHECK, random=random.random()))
            elapsed += waits[-1]
        # Waits are whole seconds: half a second more or less is rounded.
        grown = [wait <= before * 1.5 + 1 for before, wait in pairwise(waits)]
        assert 1 <= waits[0] <= 2
        assert all(grown)
        assert max(waits) <= 10
    assert poll_seconds(600, policy=TXNCHECK, random=0.5) == 60


@pytest.mark.parametrize("overhead", [0.0, 0.1, 0.2])
def test_a_request_of_five_seconds_is_noticed_by_the_eighth(overhead: float) -> None:
    """Who verifies one person waits for it in front of a screen."""
    random = Random(7)

    ends = [
        checks_until(5, random, policy=TXNCHECK, overhead=overhead)[1]
        for _ in range(1_000)
    ]

    assert max(ends) <= 8


@pytest.mark.parametrize("policy", [IPQS, TXNCHECK, POLICY])
@given(first=st.floats(1, 1e6), second=st.floats(1, 1e6), random=random_numbers)
def test_no_wait_but_the_first_is_longer_than_a_later_one(
    policy: Policy, first: float, second: float, random: float
) -> None:
    """Otherwise a job would be noticed the sooner, the longer it takes."""
    sooner, later = sorted((first, second))

    assert poll_seconds(sooner, policy=policy, random=random) <= poll_seconds(
        later, policy=policy, random=random
    )
