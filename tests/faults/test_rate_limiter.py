"""Rate limiter: each slot is reserved once, however many submissions ask for it."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.aws import clients
from functions.aws.rate_limiter import RateLimiter
from functions.core.model import Job, Next, Outcome
from functions.core.rate_limit import RateLimit
from tests.faults.callback_harness import TABLE, CallbackHarness
from tests.faults.execution_driver import LambdaProcess
from tests.faults.fault_injection import FaultInjector
from tests.faults.harness import StepHarness

_RATE = RateLimit(calls=10, seconds=60, leeway_seconds=5)
_names = itertools.count()


@pytest.fixture
def rate_limiter(callbacks: CallbackHarness) -> RateLimiter:  # noqa: ARG001 - which makes the table
    """Return the rate limiter of a provider without reservations."""
    name = f"provider-{next(_names)}"
    return RateLimiter(TABLE, name, limit=_RATE, dynamodb=clients.dynamodb())


@pytest.fixture
def process(harness: StepHarness, rate_limiter: RateLimiter) -> LambdaProcess:
    """Return a process whose submissions are limited."""
    return LambdaProcess(harness, FaultInjector(), rate_limiter=rate_limiter)


def test_slots_are_an_interval_apart(rate_limiter: RateLimiter) -> None:
    """A later submission queues behind the earlier ones."""
    slots = [rate_limiter.reserve(now=100.0) for _ in range(4)]

    assert slots == [100.0, 106.5, 113.0, 119.5]


def test_a_slot_after_a_pause_is_immediate(rate_limiter: RateLimiter) -> None:
    """Unused slots are not saved up for a burst."""
    rate_limiter.reserve(now=100.0)

    assert rate_limiter.reserve(now=5_000.0) == 5_000.0
    assert rate_limiter.reserve(now=5_000.0) == 5_006.5


def test_concurrent_reservations_get_a_slot_each(rate_limiter: RateLimiter) -> None:
    """The requests of a batch arrive together."""
    with ThreadPoolExecutor(8) as requests:
        slots = list(requests.map(lambda _: rate_limiter.reserve(now=100.0), range(40)))

    assert sorted(slots) == pytest.approx([100 + 6.5 * n for n in range(40)])


def test_a_submission_waits_for_its_slot_before_its_claim(
    harness: StepHarness, job: Job, rate_limiter: RateLimiter, process: LambdaProcess
) -> None:
    """A claim that waits would look like one whose attempt was killed."""
    rate_limiter.reserve(now=process.now())

    on_hold = process.submit(job, 1)

    assert (on_hold.next, on_hold.outcome) == (Next.HOLD, Outcome.NONE)
    assert on_hold.wait_seconds == 7
    assert "intent" not in harness.item(job)
    harness.ipqs.clock.advance(on_hold.wait_seconds)
    assert process.submit(on_hold, 1).provider_ref
    assert harness.paid_uploads(job) == 1


def test_a_missed_slot_is_not_used(
    harness: StepHarness, job: Job, rate_limiter: RateLimiter, process: LambdaProcess
) -> None:
    """Many late submissions would otherwise be sent at once."""
    rate_limiter.reserve(now=process.now())
    on_hold = process.submit(job, 1)
    rate_limiter.reserve(now=process.now() + 60)
    harness.ipqs.clock.advance(60)

    again = process.submit(on_hold, 1)

    assert again.next is Next.HOLD
    assert again.slot_at > process.now()


def test_a_submitted_job_needs_no_slot(
    job: Job, rate_limiter: RateLimiter, process: LambdaProcess
) -> None:
    """A batch that is run again sends nothing."""
    process.submit(job, 1)

    assert process.submit(job, 2).provider_ref
    assert rate_limiter.reserve(now=process.now()) == pytest.approx(process.now() + 6.5)
