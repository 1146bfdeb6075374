"""Retries: an ended job goes on where it stopped, by one execution, paid once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient, ApiError

from functions.aws.job_store import JobStore
from functions.core.model import Job, Outcome
from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner, wait_for

_EMAILS = sample.emails(12)
_NOW = 1_795_000_000.0


@pytest.fixture
def api(stack: LocalStack, runner: JobRunner) -> ApiClient:  # noqa: ARG001 - resets the provider
    """Return a client of the API."""
    return ApiClient.local(stack.api_url)


@pytest.fixture
def recorded(stack: LocalStack, job_store: JobStore) -> Job:
    """Return a job that was recorded, but not started: the API's function died."""
    bucket, key = stack.outputs["InboxBucket"], "earlier/list.csv"  # starts nothing
    stored = stack.emulator.client("s3").put_object(
        Bucket=bucket, Key=key, Body=_EMAILS
    )
    job = Job(
        job_id=uuid.uuid4().hex * 2,
        provider="ipqs",
        type="email",
        bucket=bucket,
        key=key,
        version_id=stored["VersionId"],
    )
    job_store.create_requested(job, request_hash="", now=_NOW)
    return job


def wait_for_member(api: ApiClient, job_id: str, member: str) -> dict[str, Any]:
    """Wait until a member of a job is set, and return the job."""

    def job() -> dict[str, Any] | None:
        found: dict[str, Any] = api.call("GET", f"/jobs/{job_id}")
        return found if found[member] else None

    return wait_for(job)


def statuses(runner: JobRunner, job_id: str) -> dict[str, str]:
    """Return the status of each execution of a job, by its name."""
    pages = (
        runner.stack.emulator.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(stateMachineArn=runner.stack.outputs["StateMachineArn"])
    )
    return {
        execution["name"]: execution["status"]
        for page in pages
        for execution in page["executions"]
        if execution["name"].startswith(job_id)
    }


def finish(runner: JobRunner) -> None:
    """Let IPQS finish its jobs, and waits be over at once."""
    runner.stack.ipqs.behave(seconds_processing=0.0)
    runner.stack.emulator.set_wait_scale(0.0)


@pytest.mark.fault(39)
@pytest.mark.usefixtures("slow")
def test_a_cancelled_job_that_runs_on_is_stopped_before_its_retry(
    api: ApiClient, runner: JobRunner, job_store: JobStore
) -> None:
    """Whoever cancelled it may have failed between the record and the stop."""
    job_id = runner.upload("ipqs/email/list.csv", _EMAILS)
    wait_for(lambda: job_store.get(job_id))
    wait_for_member(api, job_id, "provider_ref")
    record = job_store.get(job_id)
    assert record is not None
    job_store.record_external_outcome(record.to_job(), Outcome.CANCELLED, now=_NOW)

    api.call("POST", f"/jobs/{job_id}/retry")

    assert statuses(runner, job_id) == {job_id: "ABORTED", f"{job_id}-2": "RUNNING"}
    finish(runner)
    assert runner.wait_for_end(f"{job_id}-2").status == "SUCCEEDED"
    assert len(runner.stack.ipqs.csvs) == 1


@pytest.mark.fault(39)
@pytest.mark.usefixtures("slow")
def test_simultaneous_retries_of_a_cancelled_job_start_one_execution(
    api: ApiClient, runner: JobRunner, job_store: JobStore
) -> None:
    """Each of them stops what runs, but never what another one has started."""
    job_id = runner.upload("ipqs/email/list.csv", _EMAILS)
    wait_for(lambda: job_store.get(job_id))
    wait_for_member(api, job_id, "provider_ref")
    api.call("POST", f"/jobs/{job_id}/cancel")

    def retry(_: int) -> str:
        try:
            return str(api.call("POST", f"/jobs/{job_id}/retry")["attempt"])
        except ApiError as error:
            return str(error.problem["type"]).rpartition(":")[2]

    with ThreadPoolExecutor(8) as callers:
        answers = sorted(callers.map(retry, range(8)))

    assert answers == ["2", *["job-running"] * 7]
    assert statuses(runner, job_id) == {job_id: "ABORTED", f"{job_id}-2": "RUNNING"}


def test_a_cancelled_job_that_was_never_submitted_is_submitted(
    api: ApiClient, runner: JobRunner, recorded: Job
) -> None:
    """Nothing was paid, and the user wants the result after all."""
    api.call("POST", f"/jobs/{recorded.job_id}/cancel")

    api.call("POST", f"/jobs/{recorded.job_id}/retry")

    assert runner.wait_for_end(f"{recorded.job_id}-2").status == "SUCCEEDED"
    assert len(runner.stack.ipqs.csvs) == 1


@pytest.mark.fault(17)
def test_a_cancelled_job_that_may_be_submitted_is_looked_for(
    api: ApiClient, runner: JobRunner, recorded: Job, job_store: JobStore
) -> None:
    """Its function was about to submit when it was cancelled."""
    job_store.claim_submission(recorded, token="of-a-dead-function", now=_NOW)
    api.call("POST", f"/jobs/{recorded.job_id}/cancel")

    api.call("POST", f"/jobs/{recorded.job_id}/retry")

    assert runner.wait_for_end(f"{recorded.job_id}-2").status == "SUCCEEDED"
    calls = [request.call for request in runner.stack.ipqs.requests]
    assert [call for call in calls if call in ("list", "upload")][:2] == [
        "list",
        "upload",
    ]
    assert len(runner.stack.ipqs.csvs) == 1
