"""Retries: an ended job goes on where it stopped, by one execution, paid once."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient, ApiError, stream

from functions.aws.job_store import JobStore
from functions.core.model import Job, Outcome
from local import sample
from local.simulators.txncheck import RequestOutcome, TxncheckSimulator
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

    # Who comes before it runs starts it, too, which AWS takes for the same start.
    assert "2" in answers
    assert {*answers} <= {"2", "job-running"}
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
    """Its function was about to submit it; nobody knows whether it did."""
    job_store.create(recorded, now=_NOW)
    job_store.claim_submission(recorded, token="of-a-dead-function", now=_NOW)
    api.call("POST", f"/jobs/{recorded.job_id}/cancel")

    api.call("POST", f"/jobs/{recorded.job_id}/retry")

    view = runner.wait_for_end(f"{recorded.job_id}-2")
    assert view.error == "SubmitOutcomeUnknown"
    calls = [request.call for request in runner.stack.ipqs.requests]
    assert "list" in calls
    assert "upload" not in calls


def lines_of(api: ApiClient, job_id: str) -> list[dict[str, Any]]:
    """Return the lines of a batch's latest result, as its user gets them."""
    links = api.call("GET", f"/jobs/{job_id}/results")["links"]
    (link,) = (link for link in links if link["kind"] == "result")
    return [json.loads(line) for line in b"".join(stream(link["href"])).splitlines()]


def test_the_failed_rows_of_a_batch_are_retried_alone(
    api: ApiClient, runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """One row failed for now: the user pays for it again, and not for the others."""
    people = b"mobile,name\n+919800000001,A\n+919800000018,B\n12,C\n+919800000009,D\n"
    view = runner.run("txncheck/upi-by-mobile/some-fail.csv", people)
    assert view.job is not None
    job_id = view.job.job_id
    before = api.call("GET", f"/jobs/{job_id}")
    assert (before["outcome"], before["retry"]) == (
        "partial",
        {"resends": 1, "resumes": 0, "joins": False},
    )
    txncheck.behave(ends=RequestOutcome.COMPLETED, seconds_processing=2.0)

    running = api.call("POST", f"/jobs/{job_id}/retry")

    assert (running["outcome"], running["retry"]) == (None, before["retry"])
    assert [line["outcome"] for line in lines_of(api, job_id)] == [
        "succeeded",
        "failed",
        "invalid",
        "failed",
    ]
    assert runner.wait_for_end(f"{job_id}-2").status == "SUCCEEDED"
    assert len(txncheck.accepted) == 3 + 1
    after = api.call("GET", f"/jobs/{job_id}")
    assert (after["outcome"], after["retry"]) == ("partial", None)
    lines = lines_of(api, job_id)
    assert [(line["row"], line["outcome"]) for line in lines] == [
        (1, "succeeded"),
        (2, "succeeded"),
        (3, "invalid"),
        (4, "failed"),
    ]
    with pytest.raises(ApiError) as caught:
        api.call("POST", f"/jobs/{job_id}/retry")
    assert caught.value.problem["type"].endswith(":job-not-retryable")
    assert len(txncheck.accepted) == 4


def test_a_batch_that_succeeds_by_its_retry_has_both_manifests(
    api: ApiClient, runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """Who was told of the first one can still read it."""
    people = b"mobile\n+919800000001\n+919800000018\n"
    view = runner.run("txncheck/kyc-by-mobile/two.csv", people)
    assert view.job is not None
    job_id = view.job.job_id
    txncheck.behave(ends=RequestOutcome.COMPLETED)

    api.call("POST", f"/jobs/{job_id}/retry")

    again = runner.wait_for_end(f"{job_id}-2")
    assert again.job is not None
    outcomes = [runner.manifest(v)["batch"]["outcomes"] for v in (view, again)]
    assert outcomes == [{"failed": 1, "succeeded": 1}, {"succeeded": 2}]
    assert again.job.outcome == "succeeded"
    assert api.call("GET", f"/jobs/{job_id}")["outcome"] == "succeeded"
    wait_for(lambda: len(runner.notices(job_id)) == 2)
