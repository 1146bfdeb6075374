"""Attempts: a late or repeated end of an attempt never changes another attempt."""

import uuid
from dataclasses import dataclass
from typing import Any, cast

import pytest

from functions.aws.attempt_store import AttemptStore
from functions.aws.executions import ExecutionResult
from functions.aws.job_store import JobStore
from functions.aws.notifier import Notifier
from functions.core.job_record import JobRecord
from functions.core.model import BatchPosition, Job, Outcome, Phase
from functions.finalize_execution import finalize_execution
from local.stack import LocalStack

_NOW = 1_795_000_000.0


@dataclass
class Finalizer:
    """Finalizes executions, and collects the records that it announces."""

    job_store: JobStore
    announced: list[JobRecord]

    def publish(self, record: JobRecord) -> None:
        """Collect a record, in place of the topic."""
        self.announced.append(record)

    def finalize(
        self,
        job: Job | None,
        status: str,
        **changes: Any,  # noqa: ANN401 - fields of ExecutionResult
    ) -> JobRecord | None:
        """Finalize an execution of a job, later than all that was recorded."""
        fields: dict[str, Any] = {
            "name": job.execution_name if job else "",
            "error": "States.Runtime",
            "notified": False,
        }
        return finalize_execution(
            ExecutionResult(status=status, job=job, **(fields | changes)),
            job_store=self.job_store,
            notifier=cast("Notifier", self),
            now=_NOW + 500,
        )


@pytest.fixture
def finalizer(job_store: JobStore) -> Finalizer:
    """Return a finalizer that has announced nothing yet."""
    return Finalizer(job_store, [])


@pytest.fixture
def attempts(stack: LocalStack) -> AttemptStore:
    """Return the executions in the jobs table."""
    return AttemptStore(
        stack.outputs["JobsTable"],
        dynamodb=stack.emulator.client("dynamodb"),
        keep_days=90,
    )


@pytest.fixture
def job(job_store: JobStore) -> Job:
    """Return a job that was requested through the API."""
    job = Job(
        job_id=uuid.uuid4().hex * 2, provider="ipqs", type="email", provider_ref="17"
    )
    job_store.create_requested(job, request_hash="h", now=_NOW)
    return job


@pytest.fixture
def retried(job: Job, job_store: JobStore) -> Job:
    """Return the second attempt of a job that failed."""
    job_store.record_outcome(
        job.with_(outcome=Outcome.FAILED, error="NoResults"), now=_NOW
    )
    restarted = job_store.restart(read(job_store, job), now=_NOW + 60)
    assert restarted is not None
    return restarted.to_job()


def read(job_store: JobStore, job: Job) -> JobRecord:
    """Return the record of a job that has one."""
    record = job_store.get(job.job_id)
    assert record is not None
    return record


@pytest.mark.fault(80)
def test_a_late_end_of_the_first_attempt_does_not_end_the_second(
    job: Job, retried: Job, job_store: JobStore
) -> None:
    """A function that was given up may still write."""
    late = job.with_(outcome=Outcome.SUCCEEDED, polls=99)

    recorded = job_store.record_outcome(late, now=_NOW + 90)

    assert (recorded.outcome, recorded.error) == (Outcome.FAILED, "NoResults")
    assert read(job_store, retried).outcome is Outcome.NONE


@pytest.mark.fault(80)
def test_late_progress_of_the_first_attempt_is_not_recorded(
    job: Job, retried: Job, job_store: JobStore
) -> None:
    """The second attempt has other checks, at other times."""
    job_store.record_progress(job.with_(polls=99), next_check_at=_NOW + 900)

    assert read(job_store, retried).polls == 0
    job_store.record_progress(retried.with_(polls=1), next_check_at=_NOW + 65)
    assert read(job_store, retried).next_check_at == _NOW + 65


def test_a_retry_keeps_the_submission(retried: Job, job_store: JobStore) -> None:
    """The submission is paid for; the first outcome moves to the earlier attempts."""
    record = read(job_store, retried)

    assert retried.provider_ref == "17"
    assert retried.waiting_since == _NOW + 60
    assert [attempt["error"] for attempt in record.earlier] == ["NoResults"]
    assert (record.error, record.ended_at, record.phase) == ("", 0.0, Phase.QUEUED)


def test_only_one_of_two_simultaneous_retries_starts_an_attempt(
    job: Job, job_store: JobStore
) -> None:
    """Both callers have read the same failure."""
    job_store.record_outcome(job.with_(outcome=Outcome.FAILED), now=_NOW)
    record = read(job_store, job)

    assert job_store.restart(record, now=_NOW) is not None
    assert job_store.restart(record, now=_NOW) is None


def test_a_later_request_does_not_replace_the_first(
    job: Job, job_store: JobStore
) -> None:
    """It gets the record of the first, and sees that the body was another."""
    record = job_store.create_requested(job, request_hash="other", now=_NOW + 5)

    assert (record.request_hash, record.received_at) == ("h", _NOW)


@pytest.mark.fault(84)
@pytest.mark.parametrize(
    ("status", "outcome", "error"),
    [
        ("ABORTED", Outcome.CANCELLED, ""),
        ("TIMED_OUT", Outcome.TIMED_OUT, "States.Runtime"),
        ("FAILED", Outcome.FAILED, "States.Runtime"),
    ],
)
def test_an_external_end_is_recorded_and_announced_once(
    job: Job, finalizer: Finalizer, status: str, outcome: Outcome, error: str
) -> None:
    """EventBridge delivers at least once."""
    for _ in range(3):
        finalizer.finalize(job, status)

    (record,) = finalizer.announced
    assert (record.outcome, record.error) == (outcome, error)
    assert read(finalizer.job_store, job).outcome is outcome


def test_an_end_that_the_workflow_announced_is_not_announced_again(
    job: Job, job_store: JobStore, finalizer: Finalizer
) -> None:
    """Every job that fails in the usual way ends in a failed execution."""
    job_store.record_outcome(job.with_(outcome=Outcome.FAILED), now=_NOW)

    finalizer.finalize(job, "FAILED", notified=True)

    assert not finalizer.announced


def test_an_end_that_was_only_recorded_is_announced_as_recorded(
    job: Job, job_store: JobStore, finalizer: Finalizer
) -> None:
    """A job does not fail because its notice could not be sent."""
    done = job.with_(outcome=Outcome.SUCCEEDED, manifest_key="k/manifest.json")
    job_store.record_outcome(done, now=_NOW)

    finalizer.finalize(job, "FAILED", error="Unrecorded")

    (record,) = finalizer.announced
    assert record.outcome is Outcome.SUCCEEDED
    assert record.manifest_key == "k/manifest.json"


def test_a_late_event_of_a_retried_attempt_is_ignored(
    job: Job, retried: Job, finalizer: Finalizer
) -> None:
    """The second attempt must not end because the first did."""
    finalizer.finalize(job, "FAILED")

    assert not finalizer.announced
    assert read(finalizer.job_store, retried).outcome is Outcome.NONE


def test_a_job_without_a_record_gets_one(finalizer: Finalizer) -> None:
    """Its execution was stopped before the first step."""
    unknown = Job(job_id=uuid.uuid4().hex * 2, provider="ipqs", type="email")

    finalizer.finalize(unknown, "ABORTED")

    record = read(finalizer.job_store, unknown)
    assert (record.provider, record.outcome) == ("ipqs", Outcome.CANCELLED)
    assert len(finalizer.announced) == 1


@pytest.mark.fault(88)
def test_the_end_of_a_request_is_not_the_end_of_a_job(finalizer: Finalizer) -> None:
    """A person can stop the execution of a request; its batch goes on."""
    request_id = uuid.uuid4().hex * 2
    part = BatchPosition(batch_id=uuid.uuid4().hex * 2)
    request = Job(job_id=request_id, provider="ipqs", type="email", part=part)

    assert finalizer.finalize(request, "ABORTED") is None
    assert not finalizer.announced
    assert not finalizer.job_store.submission(request).received_at


@pytest.mark.fault(102)
@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED"])
def test_the_end_of_another_execution_does_not_end_the_job(
    job: Job, attempts: AttemptStore, finalizer: Finalizer, status: str
) -> None:
    """Whoever started it may stop it before it has found that it may not run."""
    attempts.begin(job, execution=job.execution_name, now=_NOW)

    finalizer.finalize(job, status, name="again")

    assert not finalizer.announced
    assert read(finalizer.job_store, job).outcome is Outcome.NONE
    finalizer.finalize(job, status)
    assert len(finalizer.announced) == 1


@pytest.mark.fault(102)
def test_the_end_of_an_execution_that_might_not_begin_is_ignored(
    job: Job, finalizer: Finalizer
) -> None:
    """The job may be one of an earlier release, which recorded no execution."""
    finalizer.finalize(job, "FAILED", name="again", error="JobAlreadyStarted")

    assert not finalizer.announced
    assert read(finalizer.job_store, job).outcome is Outcome.NONE


def test_an_execution_that_was_redriven_is_ignored(
    job: Job, finalizer: Finalizer
) -> None:
    """The event of its end comes when it runs again, and has not ended."""
    finalizer.finalize(job, "RUNNING", error="")

    assert not finalizer.announced
    assert read(finalizer.job_store, job).ended_at == 0.0


def test_an_execution_without_a_job_is_ignored(finalizer: Finalizer) -> None:
    """A person started the state machine with another input."""
    assert finalizer.finalize(None, "FAILED", error="") is None
    assert not finalizer.announced
