"""Claims: a request is lost only where it was begun and its answer never read."""

import itertools

import pytest

from functions.aws import clients
from functions.core.errors import CredentialsMissing, SubmitOutcomeUnknown
from functions.core.model import Job, Next, Outcome
from functions.core.rows import RowCount
from local.simulators.faults import Answer
from tests.faults.batch_harness import MOBILES, NAMES, BatchHarness
from tests.faults.execution_driver import ExecutionDriver, ProcessFactory
from tests.faults.fault_injection import aws_failure
from tests.faults.harness import SETTLE_SECONDS, TABLE, StepHarness
from tests.world.injection import FOUR_MODES, Mode

#: The calls of Submit for a request of TxnCheck, which has no list to search.
CALLS = (
    "dynamodb.GetItem",  # whether the batch has ended
    "dynamodb.UpdateItem",  # the job
    "dynamodb.GetItem",  # whether others wait for credits
    "s3.GetObject",  # validated
    "s3.GetObject",  # sent
    "dynamodb.UpdateItem",  # the claim
    "dynamodb.GetItem",  # whether the batch has ended by now
    "txncheck.submit",
    "dynamodb.UpdateItem",  # the reference
)
POST = CALLS.index("txncheck.submit")
CLAIM = POST - 2
#: The failures between the claim and the moment in which the answer is recorded.
UNKNOWN = {
    (CLAIM, Mode.KILLED_AFTER),
    (POST - 1, Mode.KILLED_BEFORE),
    (POST - 1, Mode.KILLED_AFTER),
    (POST, Mode.ERROR_BEFORE),
    (POST, Mode.ERROR_AFTER),
    (POST, Mode.KILLED_BEFORE),
    (POST, Mode.KILLED_AFTER),
    (POST + 1, Mode.KILLED_BEFORE),
}
_numbers = itertools.count()


@pytest.fixture
def request_job(batches: BatchHarness) -> Job:
    """Return a new request of a batch."""
    prepared = batches.prepare(
        batches.upload_list(f"mobile,name\n{MOBILES[0]},{NAMES[0]}")
    )
    (request,) = batches.requests(prepared)
    batches.injector.plan({})
    return request.with_(job_id=f"claimed-{next(_numbers)}")


def item(job: Job) -> dict[str, str]:
    """Return a job's item of the jobs table."""
    response = clients.dynamodb().get_item(
        TableName=TABLE, Key={"job_id": {"S": job.job_id}}, ConsistentRead=True
    )
    return {name: str(next(iter(v.values()))) for name, v in response["Item"].items()}


def test_a_submission_makes_these_calls(
    batches: BatchHarness, request_job: Job
) -> None:
    """All that can fail comes before the claim, but for one look at the batch."""
    batches.submit(request_job)

    assert tuple(batches.injector.calls) == CALLS


@pytest.mark.parametrize("mode", FOUR_MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize(
    "at", range(len(CALLS)), ids=[f"{at}-{name}" for at, name in enumerate(CALLS)]
)
@pytest.mark.fault(16)
@pytest.mark.fault(17)
def test_one_fault_loses_no_request_that_was_not_begun(
    batches: BatchHarness, request_job: Job, at: int, mode: Mode
) -> None:
    """There is no list to look in, so the time in which it may be lost is narrow."""
    batches.injector.plan({at: mode})

    result = batches.run_request(request_job)

    is_unknown = (at, mode) in UNKNOWN
    assert result == (
        f"0 failed {SubmitOutcomeUnknown.__name__}" if is_unknown else "0 succeeded"
    )
    assert len(batches.simulator.accepted) <= 1


@pytest.mark.fault(22)
@pytest.mark.parametrize("mode", [Mode.ERROR_BEFORE, Mode.ERROR_AFTER])
def test_a_claim_that_could_not_be_released_is_taken_over(
    batches: BatchHarness, request_job: Job, mode: Mode
) -> None:
    """The try knew that nothing was accepted, and so does the next one."""
    batches.simulator.script("submit", [Answer.http(429)])
    batches.injector.plan({POST + 1: mode})  # the release

    result = batches.run_request(request_job)

    assert batches.injector.calls[POST : POST + 2] == [
        "txncheck.submit",
        "dynamodb.UpdateItem",
    ]
    assert result == "0 succeeded"
    assert len(batches.simulator.accepted) == 1


@pytest.mark.fault(80)
def test_what_is_known_of_one_claim_releases_no_other(
    batches: BatchHarness, request_job: Job
) -> None:
    """Another try may have claimed, and sent, since our claim was left behind."""
    job_store, now = batches.job_store, batches.now()
    job_store.claim_submission(request_job, token="another", now=now)

    on_hold = batches.submit(request_job.with_(unsent_claims=("ours",)))

    assert on_hold.next is Next.HOLD
    assert batches.simulator.accepted == []
    assert item(request_job)["intent"] == "another"


@pytest.mark.fault(69)
def test_a_reference_survives_a_table_that_fails(
    batches: BatchHarness, request_job: Job
) -> None:
    """It was in memory: the state carries it until a later step has recorded it."""
    batches.injector.plan({POST + 1: Mode.ERROR_BEFORE})  # the reference

    submitted = batches.submit(request_job)
    unrecorded = item(request_job)
    batches.simulator.clock.advance(60)
    checked = batches.check(submitted)

    (accepted,) = batches.simulator.accepted
    assert submitted.provider_ref == accepted.id
    assert "provider_ref" not in unrecorded
    assert checked.next is Next.COLLECT
    assert item(request_job)["provider_ref"] == accepted.id
    assert float(item(request_job)["submitted_at"]) == submitted.submitted_at


@pytest.mark.fault(69)
def test_the_outcome_brings_a_reference_that_was_not_recorded(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """A job may end before its first check: what is paid for stays known."""
    process = new_process()
    process.job_store.create(job, now=process.now())
    ended = job.with_(provider_ref="77", outcome=Outcome.FAILED, rows=3)

    process.job_store.record_outcome(ended, now=process.now())

    assert (harness.item(job)["provider_ref"], harness.item(job)["rows"]) == ("77", "3")


@pytest.mark.fault(67)
def test_an_unreadable_secret_leaves_no_claim(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """Nothing can have been sent without it, so a retry may send."""
    harness.store_secret("{}")

    ended = driver.run(job)

    assert ended.error == CredentialsMissing.__name__
    assert "intent" not in harness.item(job)


@pytest.mark.fault(80)
def test_waits_for_a_try_that_may_still_be_running(
    batches: BatchHarness, request_job: Job
) -> None:
    """A try that was given up may yet record the reference, list or no list."""
    job_store = batches.job_store
    job_store.claim_submission(request_job, token="zombie", now=batches.now())

    on_hold = batches.submit(request_job)
    job_store.record_submission(
        request_job, provider_ref="late", count=RowCount(1, 1), now=batches.now()
    )

    assert on_hold.next is Next.HOLD
    assert batches.submit(on_hold).provider_ref == "late"


@pytest.mark.fault(80)
def test_does_not_wait_for_a_dead_try_forever(
    batches: BatchHarness, request_job: Job
) -> None:
    """Without a list, nothing else will ever be known."""
    batches.job_store.claim_submission(request_job, token="dead", now=batches.now())
    batches.simulator.clock.advance(SETTLE_SECONDS)

    with pytest.raises(SubmitOutcomeUnknown):
        batches.submit(request_job)

    assert batches.simulator.accepted == []


def test_a_table_that_refuses_writes_stops_the_job_before_it_is_paid(
    batches: BatchHarness, request_job: Job
) -> None:
    """Without a claim nothing is sent."""
    with aws_failure("before-call.dynamodb", "AccessDeniedException", 400):
        result = batches.run_request(request_job)

    assert result == "0 failed AwsRefused"
    assert batches.simulator.accepted == []
