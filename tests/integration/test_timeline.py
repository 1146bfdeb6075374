"""The states that a job passed, as the API tells them."""

import pytest
from botocore.credentials import Credentials
from verdict_courier.api_client import Api

from functions.api import execution_history
from functions.api.execution_history import ExecutionHistory
from functions.api.timeline import Timeline
from functions.core.model import Job
from local import sample
from local.stack import LocalStack
from tests.integration.harness import Courier


def test_a_job_tells_which_states_it_passed(
    stack: LocalStack, courier: Courier
) -> None:
    """The same that its history has, without a look into the console."""
    api = Api(stack.api_url, region="us-east-1", who=Credentials("test", "test"))
    courier.stack.ipqs.behave(statuses=("PROCESSING", "FINISHED"))
    journey = courier.deliver("ipqs/email/list.csv", sample.emails(3))
    assert journey.job is not None
    job_id = journey.job.job_id

    timeline = api.call("GET", f"/jobs/{job_id}/timeline")
    job = api.call("GET", f"/jobs/{job_id}")

    assert tuple(entry["state"] for entry in timeline["entries"]) == journey.states
    assert len(timeline["checks"]) == job["checks"] == 2
    assert timeline["ended_at"] >= job["ended_at"]
    assert {"name": "ended", "at": job["ended_at"]} in timeline["marks"]
    assert not timeline["truncated"]


def test_of_a_long_history_the_latest_is_told(
    stack: LocalStack, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer has a limit, and what happens now is what is asked for."""
    journey = courier.deliver("ipqs/email/long.csv", sample.emails(3))
    assert journey.job is not None
    told = ExecutionHistory(
        stack.outputs["StateMachineArn"],
        states=stack.emulator.client("stepfunctions"),
    )
    monkeypatch.setattr(execution_history, "_PAGE", 10)
    monkeypatch.setattr(execution_history, "_PAGES", 2)

    timeline = told.timeline(journey.job)

    states = tuple(entry.state for entry in timeline.entries)
    assert timeline.truncated
    assert 0 < len(states) < len(journey.states)
    assert states == journey.states[-len(states) :]


def test_a_job_without_an_execution_has_an_empty_timeline(stack: LocalStack) -> None:
    """Step Functions forgets after ninety days, the jobs table may not."""
    told = ExecutionHistory(
        stack.outputs["StateMachineArn"],
        states=stack.emulator.client("stepfunctions"),
    )
    unknown = Job(job_id="0" * 64, provider="ipqs", type="email")

    assert told.timeline(unknown) == Timeline()
