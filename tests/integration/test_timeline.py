"""The states that a job passed, as the API tells them."""

import pytest
from verdict_courier.api_client import ApiClient

from functions.api import execution_history
from functions.api.execution_history import ExecutionHistory
from functions.api.timeline import Timeline
from functions.core.model import Job
from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner


def test_a_job_tells_which_states_it_passed(
    stack: LocalStack, courier: JobRunner
) -> None:
    """The same that its history has, without a look into the console."""
    api = ApiClient.local(stack.api_url)
    courier.stack.ipqs.behave(statuses=("PROCESSING", "FINISHED"))
    view = courier.run("ipqs/email/list.csv", sample.emails(3))
    assert view.job is not None
    job_id = view.job.job_id

    timeline = api.call("GET", f"/jobs/{job_id}/timeline")
    job = api.call("GET", f"/jobs/{job_id}")

    assert tuple(entry["state"] for entry in timeline["entries"]) == view.states
    assert len(timeline["checks"]) == job["checks"] == 2
    assert timeline["ended_at"] >= job["ended_at"]
    assert {"name": "ended", "at": job["ended_at"]} in timeline["marks"]
    assert not timeline["truncated"]


def test_of_a_long_history_the_latest_is_told(
    stack: LocalStack, courier: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer has a limit, and what happens now is what is asked for."""
    view = courier.run("ipqs/email/long.csv", sample.emails(3))
    assert view.job is not None
    told = ExecutionHistory(
        stack.outputs["StateMachineArn"],
        step_functions=stack.emulator.client("stepfunctions"),
    )
    monkeypatch.setattr(execution_history, "_PAGE", 10)
    monkeypatch.setattr(execution_history, "_PAGES", 2)

    timeline = told.timeline(view.job)

    states = tuple(entry.state for entry in timeline.entries)
    assert timeline.truncated
    assert 0 < len(states) < len(view.states)
    assert states == view.states[-len(states) :]


def test_a_job_without_an_execution_has_an_empty_timeline(stack: LocalStack) -> None:
    """Step Functions forgets after ninety days, the jobs table may not."""
    told = ExecutionHistory(
        stack.outputs["StateMachineArn"],
        step_functions=stack.emulator.client("stepfunctions"),
    )
    unknown = Job(job_id="0" * 64, provider="ipqs", type="email")

    assert told.timeline(unknown) == Timeline()
