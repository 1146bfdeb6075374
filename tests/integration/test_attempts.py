"""A job's attempts keep out of each other's way, in the table that AWS would have."""

import uuid
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from functions.aws.executions import ExecutionResult
from functions.aws.job_store import JobStore
from functions.aws.notifier import Notifier
from functions.core.job_record import JobRecord
from functions.core.model import Job, Outcome, Phase
from functions.finalize_execution import finalize_execution
from local.stack import LocalStack

_NOW = 1_795_000_000.0


@dataclass
class Told:
    """Stands for the topic, and remembers."""

    records: list[JobRecord] = field(default_factory=list)

    def publish(self, record: JobRecord) -> None:
        """Remember what was told."""
        self.records.append(record)


@pytest.fixture
def job_store(stack: LocalStack) -> JobStore:
    """Return the jobs table of the stack."""
    return JobStore(
        stack.outputs["JobsTable"],
        dynamodb=stack.emulator.client("dynamodb"),
        keep_days=90,
    )


@pytest.fixture
def job(job_store: JobStore) -> Job:
    """Give a job that was asked for."""
    job = Job(
        job_id=uuid.uuid4().hex * 2, provider="ipqs", type="email", provider_ref="17"
    )
    job_store.create_requested(job, request_hash="h", now=_NOW)
    return job


@pytest.fixture
def retried(job: Job, job_store: JobStore) -> Job:
    """Give the second attempt of a job that failed."""
    job_store.record_outcome(
        job.with_(outcome=Outcome.FAILED, error="NoResults"), now=_NOW
    )
    record = job_store.get(job.job_id)
    assert record is not None
    restarted = job_store.restart(record, now=_NOW + 60)
    assert restarted is not None
    return restarted.to_job()


def read(job_store: JobStore, job: Job) -> JobRecord:
    """Read a job that is there."""
    record = job_store.get(job.job_id)
    assert record is not None
    return record


@pytest.mark.fault(80)
def test_a_late_end_of_the_first_does_not_end_the_second(
    job: Job, retried: Job, job_store: JobStore
) -> None:
    """A function that was thought dead may still write."""
    late = job.with_(outcome=Outcome.SUCCEEDED, polls=99)

    stands = job_store.record_outcome(late, now=_NOW + 90)

    assert stands is Outcome.FAILED
    assert read(job_store, retried).outcome is Outcome.NONE


@pytest.mark.fault(80)
def test_late_progress_of_the_first_is_not_the_seconds(
    job: Job, retried: Job, job_store: JobStore
) -> None:
    """Its next check is not the one that will come."""
    job_store.record_progress(job.with_(polls=99), next_check_at=_NOW + 900)

    assert read(job_store, retried).polls == 0
    job_store.record_progress(retried.with_(polls=1), next_check_at=_NOW + 65)
    assert read(job_store, retried).next_check_at == _NOW + 65


def test_a_retry_keeps_what_was_paid_for(retried: Job, job_store: JobStore) -> None:
    """The reference stays, the ending moves to the past."""
    record = read(job_store, retried)

    assert retried.provider_ref == "17"
    assert retried.waiting_since == _NOW + 60
    assert [past["error"] for past in record.earlier] == ["NoResults"]
    assert (record.error, record.ended_at, record.phase) == ("", 0.0, Phase.QUEUED)


def test_only_one_of_two_retries_counts(job: Job, job_store: JobStore) -> None:
    """Both saw the same failure."""
    job_store.record_outcome(job.with_(outcome=Outcome.FAILED), now=_NOW)
    seen = read(job_store, job)

    first, second = job_store.restart(seen, now=_NOW), job_store.restart(seen, now=_NOW)

    assert first is not None
    assert second is None


def test_the_first_request_stands(job: Job, job_store: JobStore) -> None:
    """A later one with another body finds out that it is later."""
    record = job_store.create_requested(job, request_hash="other", now=_NOW + 5)

    assert (record.request_hash, record.received_at) == ("h", _NOW)


def ending(job: Job, status: str, **more: Any) -> ExecutionResult:  # noqa: ANN401 - fields of an Ending
    """Give the end of an execution that told nobody."""
    usual: dict[str, Any] = {"error": "States.Runtime", "notified": False}
    return ExecutionResult(**{**usual, **more}, status=status, job=job)


@pytest.mark.fault(84)
@pytest.mark.parametrize(
    ("status", "outcome", "error"),
    [
        ("ABORTED", Outcome.CANCELLED, ""),
        ("TIMED_OUT", Outcome.TIMED_OUT, "States.Runtime"),
        ("FAILED", Outcome.FAILED, "States.Runtime"),
    ],
)
def test_a_death_is_written_down_and_told_once(
    job: Job, job_store: JobStore, status: str, outcome: Outcome, error: str
) -> None:
    """EventBridge delivers at least once."""
    told = Told()
    for _ in range(3):
        reflected(ending(job, status), job_store, told)

    (record,) = told.records
    assert (record.outcome, record.error) == (outcome, error)
    assert read(job_store, job).outcome is outcome


def reflected(
    end: ExecutionResult, job_store: JobStore, told: Told
) -> JobRecord | None:
    """Reflect an ending, later than all that was written."""
    notices = cast("Notifier", told)
    return finalize_execution(
        end, job_store=job_store, notifier=notices, now=_NOW + 500
    )


def test_what_the_workflow_told_is_not_told_again(
    job: Job, job_store: JobStore
) -> None:
    """Every job that fails in the usual way ends in a failed execution."""
    job_store.record_outcome(job.with_(outcome=Outcome.FAILED), now=_NOW)
    told = Told()

    reflected(ending(job, "FAILED", notified=True), job_store, told)

    assert not told.records


def test_what_was_recorded_but_not_told_is_told_as_recorded(
    job: Job, job_store: JobStore
) -> None:
    """The topic was out of reach: the job is no failure for that."""
    done = job.with_(outcome=Outcome.SUCCEEDED, manifest_key="k/manifest.json")
    job_store.record_outcome(done, now=_NOW)
    told = Told()

    reflected(ending(job, "FAILED", error="Unrecorded"), job_store, told)

    (record,) = told.records
    assert (record.outcome, record.manifest_key) == (
        Outcome.SUCCEEDED,
        "k/manifest.json",
    )


def test_a_death_that_was_retried_since_is_history(
    job: Job, retried: Job, job_store: JobStore
) -> None:
    """The second attempt must not be ended by the first one's late news."""
    told = Told()

    reflected(ending(job, "FAILED"), job_store, told)

    assert not told.records
    assert read(job_store, retried).outcome is Outcome.NONE


def test_a_job_that_never_came_to_the_table_is_written_down(
    job_store: JobStore,
) -> None:
    """Its execution was stopped before the first step."""
    unknown = Job(job_id=uuid.uuid4().hex * 2, provider="ipqs", type="email")
    told = Told()

    reflected(ending(unknown, "ABORTED"), job_store, told)

    record = read(job_store, unknown)
    assert (record.provider, record.outcome) == ("ipqs", Outcome.CANCELLED)
    assert len(told.records) == 1


def test_an_execution_that_is_no_job_is_left_alone(job_store: JobStore) -> None:
    """Somebody tried the state machine by hand."""
    told = Told()
    by_hand = ExecutionResult(status="FAILED", error="", job=None, notified=False)

    assert reflected(by_hand, job_store, told) is None
    assert not told.records
