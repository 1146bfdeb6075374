"""Ended jobs: once a job or its batch has an outcome, nothing more is paid for it."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import prepare
from functions.aws import clients
from functions.aws.job_store import JobStore
from functions.aws.rate_limiter import RateLimiter
from functions.core.errors import JobEnded
from functions.core.model import Job, Next, Outcome
from functions.core.rate_limit import RateLimit
from tests.faults.batch_harness import BatchHarness
from tests.faults.callback_harness import TABLE as WAITS
from tests.faults.callback_harness import CallbackHarness
from tests.faults.execution_driver import ExecutionDriver, LambdaProcess, ProcessFactory
from tests.faults.fault_injection import FaultInjector, aws_hook
from tests.faults.harness import SETTLE_SECONDS, TABLE, StepHarness


@pytest.fixture
def job_store(harness: StepHarness) -> JobStore:  # noqa: ARG001 - which made the table
    """Return the jobs table."""
    return JobStore(TABLE, dynamodb=clients.dynamodb(), keep_days=90)


def cancel(job_store: JobStore, job: Job) -> None:
    """Record what the API records of a cancellation."""
    job_store.record_external_outcome(job, Outcome.CANCELLED, now=1.0)


@contextmanager
def before_call(number: int, act: Callable[[], None]) -> Iterator[None]:
    """Do something right before an AWS call; the calls count from 0."""
    calls = itertools.count()
    acting = False

    def before(**_: object) -> None:
        nonlocal acting
        if not acting and next(calls) == number:
            acting = True  # the calls of `act` do not count
            act()
            acting = False

    with aws_hook("before-call", before):
        yield


@pytest.mark.fault(101)
@pytest.mark.parametrize("call", range(8))
def test_a_list_is_sent_only_if_it_was_claimed_before_the_end(
    harness: StepHarness,
    job: Job,
    new_process: ProcessFactory,
    job_store: JobStore,
    call: int,
) -> None:
    """Whenever the job is cancelled: either nothing is paid, or it is recorded."""
    claimed: list[bool] = []

    def end() -> None:
        claimed.append(bool(job_store.submission(job).intent))
        cancel(job_store, job)

    with before_call(call, end):
        try:
            new_process().submit(job)
        except JobEnded:
            assert harness.calls("upload") == 0
            assert "intent" not in harness.item(job)
        else:
            (sent,) = harness.ipqs.csvs
            assert harness.item(job)["provider_ref"] == str(sent.id)
            assert claimed in ([True], [])


@pytest.mark.fault(101)
def test_a_job_that_was_cancelled_first_is_not_sent(
    harness: StepHarness, job: Job, driver: ExecutionDriver, job_store: JobStore
) -> None:
    """Its execution may run on, and then ends as the table says."""
    cancel(job_store, job)

    ended = driver.run(job)

    assert harness.calls("upload") == 0
    assert (ended.outcome, ended.error, ended.advice) == (Outcome.CANCELLED, "", "")


@pytest.mark.fault(101)
def test_a_submission_whose_answer_was_lost_is_recorded_after_the_end(
    harness: StepHarness, job: Job, new_process: ProcessFactory, job_store: JobStore
) -> None:
    """It is paid for, and a retry of the job must find it."""
    job_store.claim_submission(job, token="gone", now=harness.ipqs.clock.now())
    reference = harness.ipqs.add_finished(results={}, file_name=f"{job.job_id}.csv")
    cancel(job_store, job)

    new_process().submit(job)

    assert harness.item(job)["provider_ref"] == str(reference)
    with pytest.raises(JobEnded):
        new_process().submit(job)  # all is known


@pytest.mark.fault(101)
def test_a_submission_that_never_arrived_is_not_repeated_after_the_end(
    harness: StepHarness, job: Job, new_process: ProcessFactory, job_store: JobStore
) -> None:
    """The list has settled without the file; another job would send it now."""
    harness.changes["resubmit_unlisted"] = True
    job_store.claim_submission(job, token="gone", now=harness.ipqs.clock.now())
    cancel(job_store, job)
    on_hold = new_process().submit(job)
    harness.ipqs.clock.advance(SETTLE_SECONDS)

    with pytest.raises(JobEnded):
        new_process().submit(on_hold)

    assert on_hold.next is Next.HOLD
    assert harness.calls("upload") == 0


@pytest.mark.fault(101)
def test_a_late_try_of_an_earlier_attempt_sends_nothing(
    harness: StepHarness, job: Job, new_process: ProcessFactory, job_store: JobStore
) -> None:
    """The attempt that runs now has a claim of its own to make."""
    cancel(job_store, job)
    record = job_store.get(job.job_id)
    assert record is not None
    restarted = job_store.restart(record, now=2.0)
    assert restarted is not None

    with pytest.raises(JobEnded):
        new_process().submit(job)

    assert harness.calls("upload") == 0
    assert new_process().submit(restarted.to_job()).provider_ref
    assert harness.paid_uploads(job) == 1


@pytest.mark.fault(101)
@pytest.mark.parametrize("call", range(8))
def test_a_request_is_sent_only_if_it_was_claimed_before_its_batch_ended(
    batches: BatchHarness, job_store: JobStore, call: int
) -> None:
    """The batch's outcome is in another item than the claim of its request."""
    batch = batches.prepare(batches.upload_list())
    job_store.create(batch, now=1.0)
    request = batches.requests(batch)[0]

    claimed: list[bool] = []

    def end() -> None:
        claimed.append(bool(job_store.submission(request).intent))
        cancel(job_store, batch)

    with before_call(call, end):
        result = batches.run_request(request)

    submission = job_store.submission(request)
    if result == f"0 failed {JobEnded.__name__}":
        assert not batches.simulator.accepted
        assert submission.intent == ""
    else:
        assert len(batches.simulator.accepted) == 1
        assert submission.provider_ref != ""
        assert claimed in ([True], [])


@pytest.mark.fault(101)
def test_requests_of_a_cancelled_batch_are_not_sent(
    batches: BatchHarness, job_store: JobStore
) -> None:
    """A Map that cannot be stopped would send thousands."""
    batch = batches.prepare(batches.upload_list())
    job_store.create(batch, now=1.0)
    cancel(job_store, batch)

    results = batches.run_requests(batch)

    assert results == [f"{n} failed {JobEnded.__name__}" for n in range(3)]
    assert not batches.simulator.accepted


@pytest.mark.fault(101)
def test_an_ended_batch_is_not_created_again(
    batches: BatchHarness, job_store: JobStore
) -> None:
    """Submit would send it on to Prepare."""
    batch = batches.upload_list()
    cancel(job_store, batch)

    with pytest.raises(JobEnded):
        job_store.create(batch, now=2.0)


@pytest.mark.fault(101)
def test_an_ended_batch_is_not_prepared(
    batches: BatchHarness,
    job_store: JobStore,
    deployed: pytest.MonkeyPatch,
    context: LambdaContext,
) -> None:
    """Its requests would start, only to find that it has ended."""
    deployed.setenv("COURIER_PROVIDERS", batches.environment)
    batch = batches.upload_list()
    cancel(job_store, batch)

    with pytest.raises(JobEnded):
        prepare.handler(batch.to_state(), context)


@pytest.mark.fault(101)
def test_an_ended_job_takes_no_slot(
    harness: StepHarness,
    job: Job,
    job_store: JobStore,
    callbacks: CallbackHarness,  # noqa: ARG001 - which makes the table
) -> None:
    """Others wait for the slots of a provider with a rate limit."""
    limiter = RateLimiter(
        WAITS,
        job.job_id,
        limit=RateLimit(calls=10, seconds=60, leeway_seconds=5),
        dynamodb=clients.dynamodb(),
    )
    cancel(job_store, job)

    with pytest.raises(JobEnded):
        LambdaProcess(harness, FaultInjector(), rate_limiter=limiter).submit(job)

    assert limiter.reserve(now=100.0) == 100.0
