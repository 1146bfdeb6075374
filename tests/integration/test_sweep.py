"""Sweep: the deployed function brings what the provider finishes after the deadline."""

import json
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from functions.aws.executions import execution_input
from functions.aws.job_store import JobStore
from functions.core.metrics import Metric
from functions.core.model import Job
from functions.core.schedule import DAY_SECONDS
from local import sample
from tests.integration.harness import IPQS_AT_ONCE, JobRunner

pytestmark = pytest.mark.fault(33)

_EVENT = json.loads(
    (Path(__file__).parents[2] / "events" / "sweep.json").read_text("utf-8")
)


@pytest.fixture
def timed_out(runner: JobRunner, job_store: JobStore) -> str:
    """Return the id of a job that has timed out, whose provider goes on.

    It follows a file that was submitted two days ago, by the clock of the stack.
    """
    job = Job(
        job_id=uuid.uuid4().hex * 2,
        provider="ipqs",
        type="email",
        provider_ref=_submitted_file(runner),
    )
    runner.stack.ipqs.behave(seconds_processing=1e9)
    record = job_store.create_requested(
        job, request_hash="h", now=time.time() - 2 * DAY_SECONDS
    )
    view = runner.execute(execution_input(record.to_job()))
    assert view.error == "DeadlinePassed"
    assert [_outcome(notice) for notice in runner.notices(job.job_id)] == ["timed_out"]
    return job.job_id


def _submitted_file(runner: JobRunner) -> str:
    """Return the provider's reference of a file that was submitted to it."""
    view = runner.run("ipqs/email/slow.csv", sample.emails(5))
    assert view.job is not None
    return view.job.provider_ref


def _outcome(notice: dict[str, Any]) -> str:
    return str(notice["MessageAttributes"]["outcome"]["Value"])


def sweep(runner: JobRunner) -> None:
    """Call the function as EventBridge does."""
    assert not runner.invoke("functions.sweep.handler", _EVENT)


def test_late_results_arrive_with_a_notice_of_their_own(
    runner: JobRunner, timed_out: str
) -> None:
    """They are paid for, and the first notice said that there are none."""
    sweep(runner)
    assert runner.job_item(timed_out)["outcome"] == "timed_out"
    runner.stack.ipqs.behave(**IPQS_AT_ONCE)
    _make_due(runner, timed_out)

    sweep(runner)

    job = Job(job_id=timed_out, provider="ipqs", type="email", attempt=2)
    view = runner.wait_for_end(job.execution_name)
    assert view.job is not None
    assert (view.job.outcome, view.job.late) == ("succeeded", True)
    assert "Submit" not in view.states
    notices = runner.notices(timed_out)
    while len(notices) < 2:
        notices = runner.notices(timed_out)
    late = {
        _outcome(notice): (
            notice["MessageAttributes"]["late"]["Value"],
            json.loads(notice["Message"])["late"],
        )
        for notice in notices
    }
    assert late == {"timed_out": ("false", False), "succeeded": ("true", True)}
    item = runner.job_item(timed_out)
    assert (item["outcome"], "late_check_at" in item) == ("succeeded", False)
    assert len(runner.stack.ipqs.csvs) == 1
    lines = map(json.loads, runner.log_lines(f'"{Metric.JOBS_LATE.title}"'))
    assert [line["job_id"] for line in lines].count(timed_out) == 1

    sweep(runner)
    assert f"{timed_out}-3" not in runner.executions()


def test_a_retry_and_a_sweep_start_one_attempt(
    runner: JobRunner, timed_out: str, job_store: JobStore
) -> None:
    """A person retries the job at the moment at which it finishes."""
    record = job_store.get(timed_out)
    assert record is not None
    runner.stack.ipqs.behave(**IPQS_AT_ONCE)

    assert job_store.restart(record, now=record.ended_at + 1) is not None
    sweep(runner)

    assert runner.job_item(timed_out)["attempt"] == "2"
    assert f"{timed_out}-2" not in runner.executions()  # the retry has yet to start it


def _make_due(runner: JobRunner, job_id: str) -> None:
    """Let the time of the next look come, which is a quarter of an hour away."""
    runner.stack.emulator.client("dynamodb").update_item(
        TableName=runner.stack.outputs["JobsTable"],
        Key={"job_id": {"S": job_id}},
        UpdateExpression="SET late_check_at = :now",
        ExpressionAttributeValues={":now": {"N": "1"}},
    )
