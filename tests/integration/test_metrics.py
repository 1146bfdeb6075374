"""What jobs do is measured, and reaches CloudWatch under the names of the table."""

import json
from collections.abc import Iterator

import pytest

from functions.core.cost import usage_of
from functions.core.metrics import NAMESPACE, STAGE, Metric
from local import sample
from local.simulators.ipqs import Answer
from local.simulators.txncheck import TxncheckSimulator
from local.stack import STAGE as LOCAL
from tests.integration.harness import JobRunner, wait_for

_EMAILS = sample.emails(12)
_KEY = "ipqs/email/list.csv"
_FULL_CHECK = json.dumps({"mobile": "+919812345670", "name": "Asha Example"}).encode()
_ROWS = b"mobile,name\n+919812345670,Asha Example\n+91123,Nobody Example\n"
#: A day of somebody's key that nobody renewed, and an S3 that fails, are told of by
#: the tests of the alarms and of the faults.
_ELSEWHERE = {Metric.UPLOADS_NOT_ABORTED}


def _measured(courier: JobRunner) -> Iterator[tuple[str, frozenset[str]]]:
    """Go through what CloudWatch has of this stage: each name, by which dimensions."""
    pages = courier.stack.emulator.client("cloudwatch").get_paginator("list_metrics")
    for page in pages.paginate(Namespace=NAMESPACE):
        for found in page["Metrics"]:
            by = {one["Name"]: one["Value"] for one in found["Dimensions"]}
            if by.get(STAGE) == LOCAL:
                yield found["MetricName"], frozenset(by)


def test_every_metric_reaches_cloudwatch(
    courier: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """What the table names and nothing ever tells is a promise that is not kept."""
    ipqs = courier.stack.ipqs
    ipqs.behave(statuses=("NEW", "SHUFFLING", "FINISHED"))
    ipqs.script("upload", [Answer.dropped_after()])
    ipqs.script("status", [Answer.http(429)])
    courier.stack.emulator.set_wait_scale(0.0)
    courier.run(_KEY, _EMAILS)
    courier.run(_KEY, b"")
    courier.stack.emulator.set_wait_scale(0.05)
    txncheck.behave(seconds_processing=0.5)
    courier.run("txncheck/full-check/one.json", _FULL_CHECK)
    txncheck.behave(seconds_processing=0.0, webhook_early=True)
    courier.run("txncheck/full-check/early.json", _FULL_CHECK)
    txncheck.behave(webhook_losses=float("inf"), webhook_early=False)
    courier.run("txncheck/full-check/lost.json", _FULL_CHECK)
    courier.run("txncheck/upi-by-mobile/rows.csv", _ROWS)

    expected = {
        (metric.title, frozenset(names))
        for metric in set(Metric) - _ELSEWHERE
        for names in metric.sets
    }
    assert wait_for(lambda: expected <= set(_measured(courier)))


def _line(courier: JobRunner, job_id: str, metric: Metric) -> dict[str, object]:
    """Find the one line that tells of a job's end."""

    def found() -> list[dict[str, object]]:
        lines = (json.loads(line) for line in courier.log_lines(f'"{metric.title}"'))
        return [line for line in lines if line.get("job_id") == job_id]

    (line,) = wait_for(found)
    return line


def test_a_job_is_told_of_in_one_line(courier: JobRunner) -> None:
    """All that an operator asks of it, so that one query answers."""
    view = courier.run(_KEY, _EMAILS)
    assert view.job is not None

    line = _line(courier, view.job.job_id, Metric.JOBS_ENDED)

    assert line["outcome"] == "succeeded"
    assert line["ChecksOfAJob"] == view.job.polls
    assert line["DownloadAttempts"] == [1, 1, 1, 1]
    assert line["RowsDelivered"] == sum(file.rows for file in view.job.files)
    assert line["BytesDelivered"] == sum(file.bytes for file in view.job.files)
    assert line["CostOfAJob"] == pytest.approx(usage_of(view.job).usd, abs=1e-6)
    assert "JobErrors" not in line


@pytest.mark.parametrize("content", [_EMAILS, b""], ids=["delivered", "refused"])
def test_a_job_is_started_once_and_ends_once(
    courier: JobRunner, content: bytes
) -> None:
    """However often it is submitted; else a day's jobs are not its jobs."""
    courier.stack.ipqs.script("upload", [Answer.http(403)] * 2)

    view = courier.run(_KEY, content)

    assert view.job is not None
    for metric in (Metric.JOBS_STARTED, Metric.JOBS_ENDED):
        assert _line(courier, view.job.job_id, metric)[metric.title] == 1


def test_the_cost_counts_the_transitions_that_there_were(courier: JobRunner) -> None:
    """Every state that the execution entered, and its start."""
    view = courier.run(_KEY, _EMAILS)

    assert view.job is not None
    assert usage_of(view.job).transitions == 1 + len(view.states)


def test_a_cancelled_job_ends_once(courier: JobRunner) -> None:
    """Its execution cannot tell any more."""
    courier.stack.ipqs.behave(seconds_processing=3600.0)
    job_id = courier.upload(_KEY, _EMAILS)
    states = courier.stack.emulator.client("stepfunctions")
    execution = courier.stack.execution_arn(job_id)
    wait_for(lambda: job_id in courier.executions())

    states.stop_execution(executionArn=execution)

    line = _line(courier, job_id, Metric.JOBS_ENDED)
    assert (line["outcome"], line["JobsEnded"]) == ("cancelled", 1)
