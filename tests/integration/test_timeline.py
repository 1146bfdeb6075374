"""Timeline: the states that a job passed, read from the API and from a stack."""

import pytest
from verdict_courier.api_client import ApiClient

from functions.api import execution_history
from functions.api.execution_history import ExecutionHistory
from functions.api.timeline import Timeline
from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner


def test_the_timeline_has_the_states_of_the_execution(
    stack: LocalStack, runner: JobRunner
) -> None:
    """An operator sees them without opening the AWS console."""
    api = ApiClient.local(stack.api_url)
    runner.stack.ipqs.behave(statuses=("PROCESSING", "FINISHED"))
    view = runner.run("ipqs/email/list.csv", sample.emails(3))
    assert view.job is not None
    job_id = view.job.job_id

    timeline = api.call("GET", f"/jobs/{job_id}/timeline")
    job = api.call("GET", f"/jobs/{job_id}")

    assert tuple(entry["state"] for entry in timeline["entries"]) == view.states
    assert len(timeline["checks"]) == job["checks"] == 2
    assert timeline["ended_at"] >= job["ended_at"]
    assert {"name": "ended", "at": job["ended_at"]} in timeline["marks"]
    assert not timeline["truncated"]


def test_a_long_history_is_read_from_its_latest_events(
    stack: LocalStack, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A response has a size limit, and the present matters most."""
    view = runner.run("ipqs/email/long.csv", sample.emails(3))
    assert view.job is not None
    history = ExecutionHistory(
        stack.outputs["StateMachineArn"],
        step_functions=stack.emulator.client("stepfunctions"),
    )
    monkeypatch.setattr(execution_history, "_PAGE_SIZE", 10)
    monkeypatch.setattr(execution_history, "_MAX_PAGES", 2)

    timeline = history.timeline(view.job.execution_name)

    states = tuple(entry.state for entry in timeline.entries)
    assert timeline.truncated
    assert 0 < len(states) < len(view.states)
    assert states == view.states[-len(states) :]


def test_a_job_without_an_execution_has_an_empty_timeline(stack: LocalStack) -> None:
    """Step Functions deletes histories after ninety days, the jobs table may not."""
    history = ExecutionHistory(
        stack.outputs["StateMachineArn"],
        step_functions=stack.emulator.client("stepfunctions"),
    )

    assert history.timeline("0" * 64) == Timeline()
