"""Drills: what each promises to show is seen on the stack, and ends with it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from verdict_courier.cli.exit_codes import ExitCode

from local import sample
from local.drills import DRILLS
from local.execution_view import read_execution
from local.simulators.txncheck import TxncheckSimulator
from tests.integration.harness import FULL_CHECK, JobRunner, Run, wait_for

_EMAILS = sample.emails(12)


@pytest.fixture
def _waits(runner: JobRunner) -> Iterator[None]:
    """Let waits take their real time, until a test has seen enough."""
    runner.stack.emulator.set_wait_scale(1.0)
    yield
    runner.stack.emulator.set_wait_scale(0.0)


def begin(run: Run, name: str, *, shows: str) -> None:
    """Begin a drill, whose text has a word for what a test then sees."""
    code, printed, _ = run("drill", name)
    assert code == ExitCode.DONE
    assert DRILLS[name].sees in printed
    assert shows in printed
    assert "drill off" in printed


def end(run: Run) -> None:
    """End the drill, as its text says."""
    assert run("drill", "off")[0] == ExitCode.DONE


def upload(runner: JobRunner) -> str:
    """Upload a list of its own."""
    return runner.upload("ipqs/email/drill.csv", _EMAILS)


def shown(run: Run, job_id: str) -> dict[str, Any]:
    """Return what `status` shows of a job; empty before there is one."""
    _, printed, _ = run("status", job_id, "--json")
    document: dict[str, Any] = json.loads(printed or "{}")
    return document


def logged(run: Run, job_id: str, error: str) -> int:
    """Return how often the logs of a job name an error."""
    _, printed, _ = run("logs", job_id)
    return int(printed.count(error))


def assert_goes_on(runner: JobRunner, job_id: str) -> None:
    """Assert that a job ends with its results, of one submission."""
    view = runner.wait_for_end(job_id)
    assert view.job is not None
    assert view.job.outcome == "succeeded"
    assert runner.submissions(job_id) == 1


def test_drill_key_refused(run: Run, runner: JobRunner) -> None:
    """The job ends at once, and a retry continues it."""
    begin(run, "key-refused", shows="CredentialsRejected")
    job_id = upload(runner)
    assert runner.wait_for_end(job_id).error == "CredentialsRejected"
    assert shown(run, job_id)["error"]["advice"]

    end(run)
    assert run("retry", job_id, "--wait")[0] == ExitCode.DONE
    assert runner.submissions(job_id) == 1


@pytest.mark.usefixtures("slow")
def test_drill_provider_down(run: Run, runner: JobRunner) -> None:
    """What was submitted goes on; of what was not, nobody knows whether it was."""
    submitted = upload(runner)
    wait_for(lambda: runner.submissions(submitted))
    begin(run, "provider-down", shows="ProviderUnavailable")
    assert "SubmitOutcomeUnknown" in DRILLS["provider-down"].sees
    new = upload(runner)
    jobs = (submitted, new)
    wait_for(lambda: all(logged(run, j, "ProviderUnavailable") for j in jobs))
    assert [shown(run, job_id)["outcome"] for job_id in jobs] == [None, None]

    end(run)
    runner.stack.ipqs.behave(seconds_processing=0.0)
    runner.stack.emulator.set_wait_scale(0.0)
    assert_goes_on(runner, submitted)
    assert runner.wait_for_end(new).error == "SubmitOutcomeUnknown"
    assert runner.submissions(new) == 0


@pytest.mark.usefixtures("_waits")
def test_drill_throttled(run: Run, runner: JobRunner) -> None:
    """The job is not submitted until it ends, and then once."""
    begin(run, "throttled", shows="ProviderThrottled")
    job_id = upload(runner)
    wait_for(lambda: shown(run, job_id))
    wait_for(lambda: logged(run, job_id, "ProviderThrottled"))
    assert shown(run, job_id)["outcome"] is None
    assert runner.submissions(job_id) == 0
    assert waits(runner, job_id) >= 10

    end(run)
    runner.stack.emulator.set_wait_scale(0.0)
    assert_goes_on(runner, job_id)


def waits(runner: JobRunner, job_id: str) -> float:
    """Return how long a job waits before its next call."""
    execution = runner.stack.execution_arn(job_id)
    sfn = runner.stack.emulator.client("stepfunctions")

    def on_hold() -> float:
        job = read_execution(sfn, execution).job
        return job.wait_seconds if job else 0.0

    return wait_for(on_hold)


@pytest.mark.usefixtures("_waits")
def test_drill_slow(run: Run, runner: JobRunner) -> None:
    """The job is checked in vain, and finishes at the first check afterwards."""
    begin(run, "slow", shows="running")
    job_id = upload(runner)
    job = wait_for(lambda: (j := shown(run, job_id)) and j["checks"] and j)
    assert job["phase"] == "running"
    assert job["deadline_at"]

    end(run)
    runner.stack.emulator.set_wait_scale(0.0)
    assert_goes_on(runner, job_id)


@pytest.mark.usefixtures("_waits")
def test_drill_out_of_credits(run: Run, runner: JobRunner) -> None:
    """The job says that it waits, and goes on by itself."""
    begin(run, "out-of-credits", shows="waiting out OutOfCredits")
    job_id = upload(runner)
    wait_for(lambda: "waiting out OutOfCredits" in run("list", "--limit", 1)[1])
    assert shown(run, job_id)["hold"]["error"] == "OutOfCredits"

    end(run)
    assert_goes_on(runner, job_id)


@pytest.mark.usefixtures("_waits")
def test_drill_link_expired(run: Run, runner: JobRunner) -> None:
    """The job does not end until a link works, and is not paid again."""
    begin(run, "link-expired", shows="LinkSpent")
    job_id = upload(runner)
    wait_for(lambda: shown(run, job_id))
    wait_for(lambda: logged(run, job_id, "LinkSpent"))
    assert shown(run, job_id)["outcome"] is None

    end(run)
    runner.stack.emulator.set_wait_scale(0.0)
    assert_goes_on(runner, job_id)


def test_drill_webhook_lost(
    txncheck: TxncheckSimulator, run: Run, runner: JobRunner
) -> None:
    """The wait for it runs out, and a check finds the result."""
    begin(run, "webhook-lost", shows="a check finds the result")
    job_id = runner.upload("txncheck/full-check/drill.json", FULL_CHECK)
    wait_for(lambda: [r for r in txncheck.accepted if r.webhook_attempts])
    runner.stack.emulator.set_wait_scale(0.0)
    view = runner.wait_for_end(job_id)

    end(run)
    assert view.job is not None
    assert view.job.outcome == "succeeded"
    assert view.job.polls >= 1
    assert "Listen" in view.states
