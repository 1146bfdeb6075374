"""Executions: a job has one at a time, whoever starts another one under which name."""

import json
import uuid
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient

from functions.core.model import Job
from functions.core.s3_events import S3Object, job_for
from local import sample
from local.simulators.ipqs import Answer
from tests.integration.harness import JobRunner, wait_for

_EMAILS = sample.emails(12)
_WRONG_KEY = Answer.refusal("Invalid or unauthorized key. Please check.")
_TYPES = {"ipqs": ("email",)}


def stored_job(runner: JobRunner) -> Job:
    """Return the job of a list that no event announces."""
    bucket, key = runner.stack.outputs["InboxBucket"], "elsewhere/list.csv"
    version = runner.stack.emulator.client("s3").put_object(
        Bucket=bucket, Key=key, Body=_EMAILS
    )["VersionId"]
    job = job_for(S3Object(bucket, "ipqs/email/list.csv", version), types=_TYPES)
    assert job is not None
    return job.with_(key=key)


def input_of(runner: JobRunner, name: str) -> dict[str, Any]:
    """Return the input of an execution, as the AWS console shows it."""
    states = runner.stack.emulator.client("stepfunctions")
    described = states.describe_execution(executionArn=runner.stack.execution_arn(name))
    state: dict[str, Any] = json.loads(described["input"])
    return state


@pytest.mark.fault(102)
def test_a_new_execution_of_a_failed_job_does_nothing(runner: JobRunner) -> None:
    """It names the way to go on, which then works; nothing else has changed."""
    runner.stack.ipqs.script("upload", [_WRONG_KEY])
    failed = runner.run("ipqs/email/list.csv", _EMAILS)
    assert failed.job is not None
    job_id = failed.job.job_id
    (notice,) = runner.notices(job_id)
    before = runner.job_item(job_id)
    state = input_of(runner, job_id)

    for _ in range(2):
        again = runner.execute(state, name=f"again-{uuid.uuid4()}")
        assert (again.status, again.error) == ("FAILED", "JobAlreadyStarted")
        assert again.states == ("Begin", "Repeated")
    wait_for(lambda: len(finalized(runner, job_id)) == 3)

    assert failed.error == "CredentialsRejected"
    assert runner.job_item(job_id) == before
    assert runner.submissions(job_id) == 0
    assert runner.notices(job_id) == [notice]
    api = ApiClient.local(runner.stack.api_url)
    assert api.call("POST", f"/jobs/{job_id}/retry")["attempt"] == 2
    retried = runner.wait_for_end(f"{job_id}-2")
    assert (retried.status, retried.error) == ("SUCCEEDED", "")
    assert runner.submissions(job_id) == 1


def finalized(runner: JobRunner, job_id: str) -> list[str]:
    """Return the log lines of the executions whose end was not announced."""
    lines = runner.log_lines(job_id, group="ReflectLogs")
    return [line for line in lines if "nothing to announce" in line]


@pytest.mark.fault(102)
def test_a_person_may_start_a_job_first(runner: JobRunner) -> None:
    """The sample input under a free name is a job; the same again is none."""
    job = stored_job(runner)

    first = runner.execute(job.to_state(), name=f"by-hand-{uuid.uuid4()}")
    second = runner.execute(job.to_state(), name=f"by-hand-{uuid.uuid4()}")
    third = runner.execute(job.to_state())

    assert first.status == "SUCCEEDED"
    assert {second.error, third.error} == {"JobAlreadyStarted"}
    assert runner.submissions(job.job_id) == 1
    assert runner.job_item(job.job_id)["outcome"] == "succeeded"
    assert len(runner.notices(job.job_id)) == 1


@pytest.mark.fault(102)
@pytest.mark.usefixtures("slow")
def test_a_job_that_a_person_started_can_be_cancelled(runner: JobRunner) -> None:
    """The execution that follows it is stopped, whatever its name."""
    job = stored_job(runner)
    name = f"by-hand-{uuid.uuid4()}"
    states = runner.stack.emulator.client("stepfunctions")
    arn = states.start_execution(
        stateMachineArn=runner.stack.outputs["StateMachineArn"],
        name=name,
        input=json.dumps(job.to_state()),
    )["executionArn"]
    api = ApiClient.local(runner.stack.api_url)
    wait_for(lambda: name in runner.executions() and has_begun(runner, job))

    api.call("POST", f"/jobs/{job.job_id}/cancel")

    assert states.describe_execution(executionArn=arn)["status"] == "ABORTED"
    (notice,) = runner.notices(job.job_id)
    assert json.loads(notice["Message"])["outcome"] == "cancelled"


def has_begun(runner: JobRunner, job: Job) -> bool:
    """Return whether a job has an item yet."""
    response = runner.stack.emulator.client("dynamodb").get_item(
        TableName=runner.stack.outputs["JobsTable"], Key={"job_id": {"S": job.job_id}}
    )
    return "Item" in response


@pytest.mark.fault(101)
def test_a_job_that_was_cancelled_before_its_execution_is_not_sent(
    runner: JobRunner,
) -> None:
    """Its execution is started late, and ends as the table says, with a notice."""
    job = stored_job(runner)
    table = runner.stack.outputs["JobsTable"]
    runner.stack.emulator.client("dynamodb").put_item(
        TableName=table,
        Item={
            "job_id": {"S": job.job_id},
            "provider": {"S": job.provider},
            "type": {"S": job.type},
            "received_at": {"N": "1795000000.0"},
            "request_hash": {"S": "h"},
            "outcome": {"S": "cancelled"},
        },
    )

    view = runner.execute(job.to_state())

    assert view.states == ("Begin", "Conclude", "Notify", "Judge", "Failed")
    assert runner.submissions(job.job_id) == 0
    (notice,) = runner.notices(job.job_id)
    assert json.loads(notice["Message"])["outcome"] == "cancelled"
    assert runner.job_item(job.job_id)["outcome"] == "cancelled"
