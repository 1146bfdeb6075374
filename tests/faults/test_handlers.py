"""Handlers: what Lambda calls, with settings and clients from the environment."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import check, conclude, download, manifest, prepare, submit
from functions.aws.finishes import FinishStore
from functions.core.errors import (
    LinkSpent,
    ProviderLostJob,
    ResultsIncomplete,
    SettingsMissing,
)
from functions.core.model import Job, Next, Outcome, Phase, State
from local.simulators.faults import Answer
from tests.faults.harness import StepHarness
from tests.unit.metric_lines import metrics_of

Handler = Callable[[State, LambdaContext], Any]

pytestmark = pytest.mark.usefixtures("deployed")


def test_the_handlers_run_a_job_to_its_end(
    harness: StepHarness, job: Job, context: LambdaContext
) -> None:
    """The state machine only passes each handler's result on to the next."""
    prepared = prepare.handler(job.to_state(), context)
    submitted = submit.handler(prepared, context)
    checked = check.handler(submitted, context)
    files = [
        download.handler({"job": checked, "kind": kind, "attempt": 0}, context)
        for kind in checked["kinds"]
    ]
    written = manifest.handler({**checked, "files": files}, context)
    ended = conclude.handler(written, context)

    assert ended["outcome"] == Outcome.SUCCEEDED
    assert [file["kind"] for file in files] == list(harness.expected)
    assert harness.item(job)["manifest_key"] == ended["manifest_key"] != ""


def test_a_submission_measures_the_age_of_the_job(
    job: Job, context: LambdaContext, capsys: pytest.CaptureFixture[str]
) -> None:
    """An alarm on old jobs must also go off while they wait to be submitted."""
    submit.handler(job.to_state(), context)

    assert metrics_of(capsys.readouterr().out)[-1]["JobAgeSeconds"] == 0.0


def test_a_submission_is_first_checked_when_jobs_of_its_sort_end(
    job: Job, context: LambdaContext
) -> None:
    """The plain schedule would look only after twelve seconds."""
    store = FinishStore.from_environment()
    job = job.with_(type="phone")  # no other test's job is of this sort
    for number in range(9):
        finished = job.with_(
            job_id=f"finished-{number}", rows=3, submitted_at=1.0, finished_at=4.0
        )
        store.note(finished, now=4.0)

    submitted = submit.handler(job.to_state(), context)

    assert submitted["forecast"]["seconds"] == 3
    assert submitted["wait_seconds"] <= 4


def test_a_check_is_recorded_with_the_time_of_the_next_one(
    harness: StepHarness, job: Job, context: LambdaContext
) -> None:
    """Who asks how the job is doing is told when that will be known anew."""
    harness.ipqs.behave(seconds_processing=3600.0)
    submitted = submit.handler(job.to_state(), context)

    checked = check.handler(submitted, context)

    item = harness.item(job)
    assert item["polls"] == "1"
    assert checked["wait_seconds"] >= 1  # other tests' jobs of the sort took no time
    next_at = harness.ipqs.clock.now() + checked["wait_seconds"]
    assert float(item["next_check_at"]) == next_at


def test_concludes_a_caught_error(
    harness: StepHarness, job: Job, context: LambdaContext
) -> None:
    """Error name and advice are kept; the cause, which may contain anything, is not."""
    failure = {"Error": ProviderLostJob.__name__, "Cause": "whatever AWS says"}

    ended = conclude.handler({**job.to_state(), "failure": failure}, context)

    assert ended["outcome"] == Outcome.FAILED
    assert "dashboard" in ended["advice"]
    assert "whatever" not in str(harness.item(job))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param("DeadlinePassed", Outcome.TIMED_OUT, id="deadline"),
        pytest.param("JobAborted", Outcome.ABORTED, id="aborted"),
        pytest.param("States.Timeout", Outcome.FAILED, id="AWS' own"),
    ],
)
def test_the_error_decides_the_outcome(
    job: Job, context: LambdaContext, error: str, outcome: Outcome
) -> None:
    """The outcome shows a reader what kind of end it was."""
    state = {**job.to_state(), "failure": {"Error": error, "Cause": ""}}

    assert conclude.handler(state, context)["outcome"] == outcome


@pytest.mark.fault(22)
def test_a_throttled_check_waits(
    harness: StepHarness, job: Job, context: LambdaContext
) -> None:
    """It counts as a failure and waits in the state machine, not in the function."""
    submitted = submit.handler(job.to_state(), context)
    harness.ipqs.script("status", [Answer.http(429, retry_after="77")])

    checked = check.handler(submitted, context)

    assert (checked["next"], checked["wait_seconds"]) == (Next.WAIT, 77)
    assert checked["failures"] == 1


@pytest.mark.fault(23)
@pytest.mark.parametrize("status", [500, 503])
def test_a_check_without_an_answer_waits(
    harness: StepHarness, job: Job, context: LambdaContext, status: int
) -> None:
    """A provider that is unavailable costs a job nothing but time."""
    submitted = submit.handler(job.to_state(), context)
    harness.ipqs.script("status", [Answer.html(status)])

    assert check.handler(submitted, context)["next"] == Next.WAIT


@pytest.mark.fault(32)
def test_a_job_unknown_to_the_provider_is_checked_again(
    job: Job, context: LambdaContext
) -> None:
    """A single refusal may be a passing fault."""
    lost = job.with_(provider_ref="999", submitted_at=1.0e12)

    checked = check.handler(lost.to_state(), context)

    assert checked["next"] == Next.WAIT
    assert checked["doubts"] == 1


@pytest.mark.fault(27)
def test_an_unknown_status_waits(
    harness: StepHarness, job: Job, context: LambdaContext
) -> None:
    """A status that the provider has added must never be taken for an end."""
    submitted = submit.handler(job.to_state(), context)
    harness.ipqs.behave(statuses=("PONDERING",))

    checked = check.handler(submitted, context)

    assert (checked["next"], checked["phase"]) == (Next.WAIT, Phase.RUNNING)


@pytest.mark.fault(22)
def test_a_throttled_upload_is_put_on_hold(
    harness: StepHarness, job: Job, context: LambdaContext
) -> None:
    """It was certainly not accepted, so the next attempt may send at once."""
    harness.ipqs.script("upload", [Answer.http(429, retry_after="60")])

    submitted = submit.handler(job.to_state(), context)

    assert (submitted["next"], submitted["wait_seconds"]) == (Next.HOLD, 60)
    assert "intent" not in harness.item(job)


@pytest.mark.fault(8)
def test_a_list_of_an_earlier_release_beyond_the_limit_is_not_sent(
    harness: StepHarness, context: LambdaContext
) -> None:
    """Its execution comes to Submit unprepared; nothing is paid for all the same."""
    large = harness.upload_list(b"Email Address\n" + b"x@canary-rows.example\n" * 1000)

    submitted = submit.handler(large.to_state(), context)

    assert (submitted["next"], submitted["error"]) == ("conclude", "SourceTooLarge")
    assert "max_upload_bytes" in submitted["advice"]
    assert harness.calls("upload") == 0


@pytest.mark.fault(41)
def test_a_failed_download_raises_its_error(
    harness: StepHarness, job: Job, context: LambdaContext
) -> None:
    """The state machine decides by the error's name whether to retry."""
    checked = check.handler(submit.handler(job.to_state(), context), context)
    harness.ipqs.script("download", [Answer.http(410)])

    with pytest.raises(LinkSpent):
        download.handler({"job": checked, "kind": "all", "attempt": 0}, context)


def test_a_missing_result_prevents_the_manifest(
    harness: StepHarness, job: Job, context: LambdaContext
) -> None:
    """A manifest means that every result is there."""
    state = {**job.to_state(), "kinds": ["all"]}
    state["files"] = [{"kind": "all", "error": "TransferTooSlow"}]

    with pytest.raises(ResultsIncomplete, match="TransferTooSlow"):
        manifest.handler(state, context)

    assert not harness.versions(job)


def test_a_partial_result_is_delivered_as_partial(
    job: Job, context: LambdaContext
) -> None:
    """What the provider finished is kept, and marked."""
    state = job.with_(phase=Phase.PARTIAL).to_state()

    assert manifest.handler(state, context)["outcome"] == Outcome.PARTIAL


@pytest.mark.parametrize(
    ("handler", "setting"),
    [
        pytest.param(submit.handler, "COURIER_PROVIDERS", id="submit"),
        pytest.param(prepare.handler, "COURIER_PROVIDERS", id="prepare"),
        pytest.param(check.handler, "COURIER_PROVIDERS", id="check"),
        pytest.param(manifest.handler, "COURIER_RESULTS_BUCKET", id="manifest"),
        pytest.param(conclude.handler, "COURIER_TABLE", id="conclude"),
    ],
)
def test_a_missing_setting_is_named(
    deployed: pytest.MonkeyPatch,
    job: Job,
    context: LambdaContext,
    handler: Handler,
    setting: str,
) -> None:
    """An incomplete deployment must be distinguishable from a fault."""
    deployed.delenv(setting)

    with pytest.raises(SettingsMissing, match=setting):
        handler(job.to_state(), context)
