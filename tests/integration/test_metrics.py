"""Metrics: jobs are measured, and the log has every metric of the table."""

import contextlib
import json
import time
import uuid

import pytest

from functions.aws.executions import execution_input
from functions.aws.finishes import FinishStore
from functions.aws.job_store import JobStore
from functions.core.cost import usage_of
from functions.core.metrics import NAMESPACE, STAGE, Metric
from functions.core.model import Job, Outcome
from functions.core.rows import JOINED_KINDS
from local import sample
from local.simulators.ipqs import Answer
from local.simulators.txncheck import TxncheckSimulator
from local.stack import STAGE as LOCAL
from tests.infra.alarms import points_of
from tests.integration.harness import FULL_CHECK, JobRunner, wait_for

_EMAILS = sample.emails(12)
_KEY = "ipqs/email/list.csv"
_ROWS = b"mobile,name\n+919812345670,Asha Example\n+91123,Nobody Example\n"
#: S3 does not fail on demand here, and the stack has no memory of verdicts:
#: `tests/faults` and `tests/world` have the tests of these metrics.
_TESTED_ELSEWHERE = {
    Metric.UPLOADS_NOT_ABORTED,
    Metric.RESULTS_DIFFERED,
    Metric.VERDICTS_RECALLED,
    Metric.VERDICTS_NOT_REMEMBERED,
}


def _finish_late(runner: JobRunner, job_store: JobStore) -> None:
    """Let a job time out, and then succeed by an attempt as the sweep starts it."""
    csv_id = runner.stack.ipqs.add_finished(results={"all": _EMAILS})
    job = Job(
        job_id=uuid.uuid4().hex * 2,
        provider="ipqs",
        type="email",
        provider_ref=str(csv_id),
    )
    now = time.time()
    record = job_store.create_requested(job, request_hash="", now=now)
    job_store.record_external_outcome(record.to_job(), Outcome.TIMED_OUT, now=now)
    timed_out = job_store.get(job.job_id)
    assert timed_out is not None
    late = job_store.restart(timed_out, now=now, late=True)
    assert late is not None
    runner.execute(execution_input(late.to_job()), name=late.execution_name)


def _keep_finishes(runner: JobRunner) -> None:
    """Let so many lists of twelve values have finished that others do not count.

    So that the next one is forecast, whatever has run on the stack before.
    """
    finishes = FinishStore(
        runner.stack.outputs["JobsTable"],
        dynamodb=runner.stack.emulator.client("dynamodb"),
        keep_days=90,
    )
    now = time.time()
    for _ in range(40):
        job = Job(
            job_id=uuid.uuid4().hex,
            provider="ipqs",
            type="email",
            rows=12,
            submitted_at=now - 20,
            finished_at=now,
        )
        finishes.note(job, now=now)


def test_every_metric_is_logged(
    runner: JobRunner, txncheck: TxncheckSimulator, job_store: JobStore
) -> None:
    """An alarm or a chart of a metric that is never sent would stay empty."""
    _keep_finishes(runner)
    ipqs = runner.stack.ipqs
    ipqs.script("upload", [Answer.refusal("You have insufficient credits.")])
    runner.run("ipqs/email/unpaid.csv", _EMAILS)  # in real time: it asks in turn
    runner.stack.emulator.set_wait_scale(0.0)
    _finish_late(runner, job_store)
    ipqs.behave(statuses=("NEW", "SHUFFLING", "FINISHED"))
    ipqs.script("upload", [Answer.dropped_after()])
    ipqs.script("status", [Answer.http(429)])
    runner.run(_KEY, _EMAILS)
    runner.run(_KEY, b"")
    asked = {"courier-quote": "yes"}
    quoted = runner.upload("ipqs/email/quoted.csv", _EMAILS, metadata=asked)
    runner.stack.emulator.set_wait_scale(0.05)
    txncheck.behave(seconds_processing=0.5)
    runner.run("txncheck/full-check/request.json", FULL_CHECK)
    txncheck.behave(seconds_processing=0.0, webhook_early=True)
    runner.run("txncheck/full-check/early.json", FULL_CHECK)
    txncheck.behave(
        webhook_losses=float("inf"), webhook_retry_seconds=(), webhook_early=False
    )
    runner.run("txncheck/full-check/lost.json", FULL_CHECK)
    runner.run("txncheck/upi-by-mobile/rows.csv", _ROWS)

    expected = {
        (metric.title, frozenset(names))
        for metric in set(Metric) - _TESTED_ELSEWHERE
        for names in metric.sets
    }

    def unlisted() -> set[tuple[str, frozenset[str]]]:
        lines = (json.loads(line) for line in runner.log_lines('"_aws"'))
        listed = {
            (point.name, frozenset(point.dimensions))
            for line in lines
            for point in points_of(line)
            if (point.namespace, point.dimensions[STAGE]) == (NAMESPACE, LOCAL)
        }
        return expected - listed

    with contextlib.suppress(AssertionError):  # it would not say which are missing
        wait_for(lambda: not unlisted())
    assert unlisted() == set()
    runner.stack.emulator.client("stepfunctions").stop_execution(
        executionArn=runner.stack.execution_arn(quoted)
    )


def _log_line(runner: JobRunner, job_id: str, metric: Metric) -> dict[str, object]:
    """Wait for the only log line that has a metric of a job."""

    def found() -> list[dict[str, object]]:
        lines = (json.loads(line) for line in runner.log_lines(f'"{metric.title}"'))
        return [line for line in lines if line.get("job_id") == job_id]

    (line,) = wait_for(found)
    return line


def test_an_ended_job_has_its_figures_in_one_log_line(runner: JobRunner) -> None:
    """An operator needs only one query."""
    view = runner.run(_KEY, _EMAILS)
    assert view.job is not None

    line = _log_line(runner, view.job.job_id, Metric.JOBS_ENDED)

    assert line["outcome"] == "succeeded"
    assert line["ChecksOfAJob"] == view.job.polls
    assert line["DownloadAttempts"] == [1, 1, 1, 1]
    files = [file for file in view.job.files if file.kind not in JOINED_KINDS]
    assert line["RowsDelivered"] == sum(file.rows for file in files)
    assert line["BytesDelivered"] == sum(file.bytes for file in files)
    assert line["CostOfAJob"] == pytest.approx(usage_of(view.job).usd, abs=1e-6)
    assert "JobErrors" not in line


@pytest.mark.parametrize("content", [_EMAILS, b""], ids=["delivered", "refused"])
def test_the_start_and_the_end_of_a_job_are_counted_once(
    runner: JobRunner, content: bytes
) -> None:
    """However often its submission is tried: the counts are numbers of jobs."""
    runner.stack.ipqs.script("upload", [Answer.http(403)] * 2)

    view = runner.run(_KEY, content)

    assert view.job is not None
    for metric in (Metric.JOBS_STARTED, Metric.JOBS_ENDED):
        assert _log_line(runner, view.job.job_id, metric)[metric.title] == 1


def test_the_cost_counts_every_state_transition(runner: JobRunner) -> None:
    """Step Functions bills every state that was entered, and the start."""
    view = runner.run(_KEY, _EMAILS)

    assert view.job is not None
    assert usage_of(view.job).transitions == 1 + len(view.states)


def test_the_end_of_a_cancelled_job_is_counted_once(runner: JobRunner) -> None:
    """Its execution has been stopped, and cannot count it."""
    runner.stack.ipqs.behave(seconds_processing=3600.0)
    job_id = runner.upload(_KEY, _EMAILS)
    states = runner.stack.emulator.client("stepfunctions")
    execution = runner.stack.execution_arn(job_id)
    wait_for(lambda: job_id in runner.executions())

    states.stop_execution(executionArn=execution)

    line = _log_line(runner, job_id, Metric.JOBS_ENDED)
    assert (line["outcome"], line["JobsEnded"]) == ("cancelled", 1)
