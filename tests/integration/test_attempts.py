"""A job's attempts keep out of each other's way, in the table that AWS would have."""

import uuid
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from functions.aws.desk import Desk
from functions.aws.endings import ExecutionResult
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
def table(stack: LocalStack) -> dict[str, Any]:
    """Give what opens the jobs table of the stack."""
    return {
        "table": stack.outputs["JobsTable"],
        "dynamodb": stack.emulator.client("dynamodb"),
        "keep_days": 90,
    }


@pytest.fixture
def ledger(table: dict[str, Any]) -> JobStore:
    """Give the table as the steps use it."""
    return JobStore(**table)


@pytest.fixture
def desk(table: dict[str, Any]) -> Desk:
    """Give the table as the front door uses it."""
    return Desk(**table)


@pytest.fixture
def job(desk: Desk) -> Job:
    """Give a job that was asked for."""
    job = Job(
        job_id=uuid.uuid4().hex * 2, provider="ipqs", type="email", provider_ref="17"
    )
    desk.create_requested(job, request_hash="h", now=_NOW)
    return job


@pytest.fixture
def retried(job: Job, ledger: JobStore, desk: Desk) -> Job:
    """Give the second attempt of a job that failed."""
    ledger.record_outcome(
        job.with_(outcome=Outcome.FAILED, error="NoResults"), now=_NOW
    )
    record = desk.get(job.job_id)
    assert record is not None
    restarted = desk.restart(record, now=_NOW + 60)
    assert restarted is not None
    return restarted.to_job()


def read(desk: Desk, job: Job) -> JobRecord:
    """Read a job that is there."""
    record = desk.get(job.job_id)
    assert record is not None
    return record


@pytest.mark.fault(80)
def test_a_late_end_of_the_first_does_not_end_the_second(
    job: Job, retried: Job, ledger: JobStore, desk: Desk
) -> None:
    """A function that was thought dead may still write."""
    late = job.with_(outcome=Outcome.SUCCEEDED, polls=99)

    stands = ledger.record_outcome(late, now=_NOW + 90)

    assert stands is Outcome.FAILED
    assert read(desk, retried).outcome is Outcome.NONE


@pytest.mark.fault(80)
def test_late_progress_of_the_first_is_not_the_seconds(
    job: Job, retried: Job, ledger: JobStore, desk: Desk
) -> None:
    """Its next check is not the one that will come."""
    ledger.record_progress(job.with_(polls=99), next_check_at=_NOW + 900)

    assert read(desk, retried).polls == 0
    ledger.record_progress(retried.with_(polls=1), next_check_at=_NOW + 65)
    assert read(desk, retried).next_check_at == _NOW + 65


def test_a_retry_keeps_what_was_paid_for(retried: Job, desk: Desk) -> None:
    """The reference stays, the ending moves to the past."""
    record = read(desk, retried)

    assert retried.provider_ref == "17"
    assert retried.waiting_since == _NOW + 60
    assert [past["error"] for past in record.earlier] == ["NoResults"]
    assert (record.error, record.ended_at, record.phase) == ("", 0.0, Phase.QUEUED)


def test_only_one_of_two_retries_counts(job: Job, ledger: JobStore, desk: Desk) -> None:
    """Both saw the same failure."""
    ledger.record_outcome(job.with_(outcome=Outcome.FAILED), now=_NOW)
    seen = read(desk, job)

    first, second = desk.restart(seen, now=_NOW), desk.restart(seen, now=_NOW)

    assert first is not None
    assert second is None


def test_the_first_request_stands(job: Job, desk: Desk) -> None:
    """A later one with another body finds out that it is later."""
    record = desk.create_requested(job, request_hash="other", now=_NOW + 5)

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
    job: Job, ledger: JobStore, desk: Desk, status: str, outcome: Outcome, error: str
) -> None:
    """EventBridge delivers at least once."""
    told = Told()
    for _ in range(3):
        reflected(ending(job, status), ledger, desk, told)

    (record,) = told.records
    assert (record.outcome, record.error) == (outcome, error)
    assert read(desk, job).outcome is outcome


def reflected(
    end: ExecutionResult, ledger: JobStore, desk: Desk, told: Told
) -> JobRecord | None:
    """Reflect an ending, later than all that was written."""
    notices = cast("Notifier", told)
    return finalize_execution(
        end, job_store=ledger, desk=desk, notifier=notices, now=_NOW + 500
    )


def test_what_the_workflow_told_is_not_told_again(
    job: Job, ledger: JobStore, desk: Desk
) -> None:
    """Every job that fails in the usual way ends in a failed execution."""
    ledger.record_outcome(job.with_(outcome=Outcome.FAILED), now=_NOW)
    told = Told()

    reflected(ending(job, "FAILED", notified=True), ledger, desk, told)

    assert not told.records


def test_what_was_recorded_but_not_told_is_told_as_recorded(
    job: Job, ledger: JobStore, desk: Desk
) -> None:
    """The topic was out of reach: the job is no failure for that."""
    done = job.with_(outcome=Outcome.SUCCEEDED, manifest_key="k/manifest.json")
    ledger.record_outcome(done, now=_NOW)
    told = Told()

    reflected(ending(job, "FAILED", error="Unrecorded"), ledger, desk, told)

    (record,) = told.records
    assert (record.outcome, record.manifest_key) == (
        Outcome.SUCCEEDED,
        "k/manifest.json",
    )


def test_a_death_that_was_retried_since_is_history(
    job: Job, retried: Job, ledger: JobStore, desk: Desk
) -> None:
    """The second attempt must not be ended by the first one's late news."""
    told = Told()

    reflected(ending(job, "FAILED"), ledger, desk, told)

    assert not told.records
    assert read(desk, retried).outcome is Outcome.NONE


def test_a_job_that_never_came_to_the_table_is_written_down(
    ledger: JobStore, desk: Desk
) -> None:
    """Its execution was stopped before the first step."""
    unknown = Job(job_id=uuid.uuid4().hex * 2, provider="ipqs", type="email")
    told = Told()

    reflected(ending(unknown, "ABORTED"), ledger, desk, told)

    record = read(desk, unknown)
    assert (record.provider, record.outcome) == ("ipqs", Outcome.CANCELLED)
    assert len(told.records) == 1


def test_an_execution_that_is_no_job_is_left_alone(
    ledger: JobStore, desk: Desk
) -> None:
    """Somebody tried the state machine by hand."""
    told = Told()
    by_hand = ExecutionResult(status="FAILED", error="", job=None, notified=False)

    assert reflected(by_hand, ledger, desk, told) is None
    assert not told.records
