"""Earlier uploads: the same bytes under the same key are paid again only if asked."""

from collections.abc import Mapping

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import prepare
from functions.aws import clients
from functions.core import identity
from functions.core.errors import SourceRepeated
from functions.core.model import Job, Next, Outcome
from functions.core.routing import end_job
from local.simulators.faults import Answer
from tests.faults.batch_harness import LIST as BATCH
from tests.faults.batch_harness import BatchHarness
from tests.faults.execution_driver import ExecutionDriver, ProcessFactory
from tests.faults.harness import INBOX, LIST, StepHarness


def uploaded_again(
    harness: StepHarness,
    job: Job,
    content: bytes = LIST,
    metadata: Mapping[str, str] | None = None,
) -> Job:
    """Return the job of the same bytes under the same key, as after an edit."""
    return harness.upload_list(content, key=job.key, metadata=metadata)


def test_an_edit_of_the_metadata_is_not_paid_again(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """The S3 console writes a new version for it, and nobody has asked to verify."""
    driver.run(job)

    again = driver.run(uploaded_again(harness, job))

    assert (again.outcome, again.error) == (Outcome.FAILED, SourceRepeated.__name__)
    assert job.job_id[:12] in again.advice
    assert harness.calls("upload") == 1


def test_a_second_edit_is_not_paid_either(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """The version right before was refused for the same reason."""
    driver.run(job)
    driver.run(uploaded_again(harness, job))

    third = driver.run(uploaded_again(harness, job))

    assert third.error == SourceRepeated.__name__
    assert harness.calls("upload") == 1


def test_one_that_still_runs_is_not_paid_again(
    harness: StepHarness, job: Job, driver: ExecutionDriver, new_process: ProcessFactory
) -> None:
    """It will be submitted, perhaps at the same moment."""
    new_process().prepare(job)

    again = driver.run(uploaded_again(harness, job))

    assert again.error == SourceRepeated.__name__
    assert harness.calls("upload") == 0


def test_a_retry_asks_for_it(
    harness: StepHarness, job: Job, driver: ExecutionDriver, new_process: ProcessFactory
) -> None:
    """As the advice says."""
    driver.run(job)
    again = driver.run(uploaded_again(harness, job))
    store = new_process().job_store
    record = store.get(again.job_id)
    assert record is not None
    restarted = store.restart(record, now=harness.ipqs.clock.now())
    assert restarted is not None

    retried = driver.run(restarted.to_job())

    assert retried.outcome is Outcome.SUCCEEDED
    assert harness.calls("upload") == 2


def test_a_fresh_job_asks_for_it(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """`"fresh": true` of the API makes a job with an id of its own."""
    driver.run(job)
    again = uploaded_again(harness, job)
    fresh = again.with_(job_id=identity.of_request("me", "key"))

    assert driver.run(fresh).outcome is Outcome.SUCCEEDED
    assert harness.calls("upload") == 2


@pytest.mark.parametrize(
    ("content", "metadata"),
    [
        pytest.param(LIST + b"new@canary-rows.example\n", {}, id="longer"),
        pytest.param(LIST.replace(b"ada", b"ava"), {}, id="other bytes"),
        pytest.param(LIST, {"courier-header": "yes"}, id="read in another way"),
    ],
)
def test_another_list_is_verified(
    harness: StepHarness,
    job: Job,
    driver: ExecutionDriver,
    content: bytes,
    metadata: Mapping[str, str],
) -> None:
    """Whoever corrects a file uploads it under its old name."""
    driver.run(job)

    again = driver.run(uploaded_again(harness, job, content, metadata))

    assert again.outcome is Outcome.SUCCEEDED
    assert harness.calls("upload") == 2


def test_what_was_not_paid_is_verified(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """The first job failed before anything was sent: the second repeats nothing."""
    harness.ipqs.script("upload", [Answer.http(400)])
    first = driver.run(job)

    again = driver.run(uploaded_again(harness, job))

    assert (first.error, again.outcome) == ("ProviderRejected", Outcome.SUCCEEDED)


def test_a_version_without_a_job_is_not_in_the_way(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """Its event may have been lost, or its job has been forgotten."""
    again = driver.run(uploaded_again(harness, job))

    assert again.outcome is Outcome.SUCCEEDED


def test_the_same_bytes_under_another_key_are_verified(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """A new name is a new request; keys with the same beginning are other keys."""
    driver.run(job)
    name = job.key.removesuffix(".csv")

    other = harness.upload_list(key=f"{name}.csv.csv")

    assert driver.run(other).outcome is Outcome.SUCCEEDED


def test_a_version_that_was_hidden_in_between_counts(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """Who deletes a file and uploads it again has not said "pay again"."""
    driver.run(job)
    clients.s3().delete_object(Bucket=INBOX, Key=job.key)

    again = driver.run(uploaded_again(harness, job))

    assert again.error == SourceRepeated.__name__


@pytest.mark.parametrize(
    ("outcome", "error", "expected"),
    [
        (Outcome.CANCELLED, "", Next.CONCLUDE),
        (Outcome.FAILED, "AwsRefused", Next.CONCLUDE),
        (Outcome.FAILED, "RequestInvalid", Next.REQUESTS),
    ],
)
def test_a_batch_that_ended_may_have_sent_requests(
    batches: BatchHarness,
    deployed: pytest.MonkeyPatch,
    context: LambdaContext,
    outcome: Outcome,
    error: str,
    expected: Next,
) -> None:
    """Its own record does not say: unless its source was refused, it counts."""
    deployed.setenv("COURIER_PROVIDERS", batches.environment)
    first = _of_object(batches.upload_list())
    batches.job_store.create(first, now=1.0)
    batches.job_store.record_outcome(end_job(first, outcome, error), now=2.0)
    stored = clients.s3().put_object(Bucket=INBOX, Key=first.key, Body=BATCH.encode())
    again = _of_object(first.with_(version_id=stored["VersionId"]))

    prepared = prepare.handler(again.to_state(), context)

    assert prepared["next"] == expected
    assert (prepared["error"] == SourceRepeated.__name__) == (expected is Next.CONCLUDE)


def test_a_batch_with_the_error_of_a_request_may_have_sent_others(
    batches: BatchHarness, deployed: pytest.MonkeyPatch, context: LambdaContext
) -> None:
    """The error of most of its requests says nothing of the rest."""
    deployed.setenv("COURIER_PROVIDERS", batches.environment)
    first = _of_object(batches.upload_list())
    prepared = Job.from_state(prepare.handler(first.to_state(), context))
    ended = end_job(prepared, Outcome.FAILED, "SourceMissing")
    batches.job_store.record_outcome(ended, now=2.0)
    stored = clients.s3().put_object(Bucket=INBOX, Key=first.key, Body=BATCH.encode())

    again = _of_object(first.with_(version_id=stored["VersionId"]))

    ended_state = prepare.handler(again.to_state(), context)
    assert ended_state["error"] == SourceRepeated.__name__


def _of_object(job: Job) -> Job:
    """Return a job with the id that Intake gives it."""
    return job.with_(job_id=identity.of_object(job.bucket, job.key, job.version_id))
