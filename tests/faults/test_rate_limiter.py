"""Pace: slots are handed out once, however many ask for them at once."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.aws import clients
from functions.aws.rate_limiter import RateLimiter
from functions.core.model import Next, Outcome
from functions.core.rate_limit import RateLimit
from tests.faults.callback_harness import TABLE, CallbackHarness
from tests.faults.execution_driver import Process
from tests.faults.fault_injection import FaultInjector
from tests.faults.harness import StepHarness

_RATE = RateLimit(calls=10, seconds=60, leeway_seconds=5)
_names = itertools.count()


@pytest.fixture
def pace(waiting: CallbackHarness) -> RateLimiter:  # noqa: ARG001 - which makes the table
    """Give the queue of a provider that nobody has submitted to."""
    name = f"provider-{next(_names)}"
    return RateLimiter(TABLE, name, limit=_RATE, dynamodb=clients.dynamodb())


def test_slots_lie_an_interval_apart(pace: RateLimiter) -> None:
    """Whoever comes while others wait waits behind them."""
    slots = [pace.reserve(now=100.0) for _ in range(4)]

    assert slots == [100.0, 106.5, 113.0, 119.5]


def test_after_a_quiet_time_a_slot_is_there_at_once(pace: RateLimiter) -> None:
    """What was not used is not saved up."""
    pace.reserve(now=100.0)

    assert pace.reserve(now=5_000.0) == 5_000.0
    assert pace.reserve(now=5_000.0) == 5_006.5


def test_many_at_once_get_a_slot_each(pace: RateLimiter) -> None:
    """The children of a batch come together."""
    with ThreadPoolExecutor(8) as children:
        slots = list(children.map(lambda _: pace.reserve(now=100.0), range(40)))

    assert sorted(slots) == pytest.approx([100 + 6.5 * n for n in range(40)])


def test_a_submission_waits_for_its_slot_before_anything_is_written(
    bench: StepHarness, pace: RateLimiter
) -> None:
    """An intent that waits would look like one whose attempt has died."""
    pace.reserve(now=bench.ipqs.clock.now())
    process, job = Process(bench, FaultInjector(bench.ipqs), pace=pace), bench.arrive()

    held = process.submit(job, 1)

    assert (held.next, held.outcome) == (Next.HOLD, Outcome.NONE)
    assert held.wait_seconds == 7
    assert bench.item(job) == {}
    bench.ipqs.clock.advance(held.wait_seconds)
    assert process.submit(held, 1).provider_ref
    assert bench.uploads(job) == 1


def test_a_slot_that_was_missed_is_not_used(
    bench: StepHarness, pace: RateLimiter
) -> None:
    """Many that are late would come at once otherwise."""
    pace.reserve(now=bench.ipqs.clock.now())
    process, job = Process(bench, FaultInjector(bench.ipqs), pace=pace), bench.arrive()
    held = process.submit(job, 1)
    pace.reserve(now=bench.ipqs.clock.now() + 60)
    bench.ipqs.clock.advance(60)

    again = process.submit(held, 1)

    assert again.next is Next.HOLD
    assert again.slot_at > bench.ipqs.clock.now()


def test_what_was_submitted_needs_no_slot(
    bench: StepHarness, pace: RateLimiter
) -> None:
    """A batch that is walked again only looks."""
    process, job = Process(bench, FaultInjector(bench.ipqs), pace=pace), bench.arrive()
    process.submit(job, 1)

    assert process.submit(job, 2).provider_ref
    assert pace.reserve(now=bench.ipqs.clock.now()) == pytest.approx(
        bench.ipqs.clock.now() + 6.5
    )
