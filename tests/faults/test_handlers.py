"""Handlers: what Lambda calls, with the settings and clients that it finds."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import check, conclude, download, manifest, submit
from functions.core.errors import (
    LinkSpent,
    ProviderLostJob,
    ResultsIncomplete,
    SettingsMissing,
    SourceTooLarge,
)
from functions.core.model import Job, Next, Outcome, Phase, State
from local.simulators.faults import Answer
from tests.faults.harness import StepHarness

Handler = Callable[[State, LambdaContext], Any]


#: All of these run in a function's environment.
pytestmark = pytest.mark.usefixtures("deployed")


def test_the_handlers_carry_a_job_to_its_end(
    bench: StepHarness, job: Job, context: LambdaContext
) -> None:
    """State in, state out: what the state machine does is only to pass it on."""
    submitted = submit.handler(job.to_state(), context)
    checked = check.handler(submitted, context)
    files = [
        download.handler({"job": checked, "kind": kind, "attempt": 0}, context)
        for kind in checked["kinds"]
    ]
    written = manifest.handler({**checked, "files": files}, context)
    ended = conclude.handler(written, context)

    assert ended["outcome"] == Outcome.SUCCEEDED
    assert [file["kind"] for file in files] == list(bench.expected)
    assert bench.item(job)["manifest_key"] == ended["manifest_key"] != ""


def test_what_was_caught_is_concluded(
    bench: StepHarness, job: Job, context: LambdaContext
) -> None:
    """The cause, which may hold anything, is not kept; the name and advice are."""
    failure = {"Error": ProviderLostJob.__name__, "Cause": "whatever AWS says"}

    ended = conclude.handler({**job.to_state(), "failure": failure}, context)

    assert ended["outcome"] == Outcome.FAILED
    assert "dashboard" in ended["advice"]
    assert "whatever" not in str(bench.item(job))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param("DeadlinePassed", Outcome.TIMED_OUT, id="deadline"),
        pytest.param("JobAborted", Outcome.ABORTED, id="aborted"),
        pytest.param("States.Timeout", Outcome.FAILED, id="AWS' own"),
    ],
)
def test_an_error_has_its_outcome(
    job: Job, context: LambdaContext, error: str, outcome: Outcome
) -> None:
    """A reader tells from the outcome what kind of end it was."""
    state = {**job.to_state(), "failure": {"Error": error, "Cause": ""}}

    assert conclude.handler(state, context)["outcome"] == outcome


@pytest.mark.fault(22)
def test_a_throttled_check_waits(
    bench: StepHarness, job: Job, context: LambdaContext
) -> None:
    """It is counted and asked again later; the function does not sleep."""
    submitted = submit.handler(job.to_state(), context)
    bench.ipqs.script("status", [Answer.http(429, retry_after="77")])

    checked = check.handler(submitted, context)

    assert (checked["next"], checked["wait_seconds"]) == (Next.WAIT, 77)
    assert checked["failures"] == 1


@pytest.mark.fault(23)
@pytest.mark.parametrize("status", [500, 503])
def test_a_check_without_an_answer_waits(
    bench: StepHarness, job: Job, context: LambdaContext, status: int
) -> None:
    """A provider that is out of reach costs a job nothing but time."""
    submitted = submit.handler(job.to_state(), context)
    bench.ipqs.script("status", [Answer.html(status)])

    assert check.handler(submitted, context)["next"] == Next.WAIT


@pytest.mark.fault(32)
def test_a_lost_job_is_asked_for_again(job: Job, context: LambdaContext) -> None:
    """One refusal may be a passing fault."""
    lost = job.with_(provider_ref="999", submitted_at=1.0e12)

    checked = check.handler(lost.to_state(), context)

    assert checked["next"] == Next.WAIT
    assert checked["doubts"] == 1


@pytest.mark.fault(27)
def test_an_unknown_word_waits(
    bench: StepHarness, job: Job, context: LambdaContext
) -> None:
    """A new word of the provider's is never taken for an end."""
    submitted = submit.handler(job.to_state(), context)
    bench.ipqs.behave(statuses=("PONDERING",))

    checked = check.handler(submitted, context)

    assert (checked["next"], checked["phase"]) == (Next.WAIT, Phase.RUNNING)


@pytest.mark.fault(22)
def test_a_throttled_upload_is_put_off(
    bench: StepHarness, job: Job, context: LambdaContext
) -> None:
    """It was refused for certain, so that the next attempt may send at once."""
    bench.ipqs.script("upload", [Answer.http(429, retry_after="60")])

    submitted = submit.handler(job.to_state(), context)

    assert (submitted["next"], submitted["wait_seconds"]) == (Next.HOLD, 60)
    assert "intent" not in bench.item(job)


@pytest.mark.fault(8)
def test_a_list_beyond_the_limit_is_not_sent(
    bench: StepHarness, context: LambdaContext
) -> None:
    """The limit is checked before anything is paid."""
    large = bench.arrive(b"Email Address\n" + b"x@canary-rows.example\n" * 1000)

    with pytest.raises(SourceTooLarge):
        submit.handler(large.to_state(), context)

    assert bench.calls("upload") == 0


@pytest.mark.fault(41)
def test_a_failed_download_says_why(
    bench: StepHarness, job: Job, context: LambdaContext
) -> None:
    """The state machine retries by the error's name."""
    checked = check.handler(submit.handler(job.to_state(), context), context)
    bench.ipqs.script("download", [Answer.http(410)])

    with pytest.raises(LinkSpent):
        download.handler({"job": checked, "kind": "all", "attempt": 0}, context)


def test_a_missed_result_makes_no_manifest(
    bench: StepHarness, job: Job, context: LambdaContext
) -> None:
    """A manifest says that all is there."""
    state = {**job.to_state(), "kinds": ["all"]}
    state["files"] = [{"kind": "all", "error": "TransferTooSlow"}]

    with pytest.raises(ResultsIncomplete, match="TransferTooSlow"):
        manifest.handler(state, context)

    assert not bench.versions(job)


def test_a_partial_result_is_delivered_as_such(
    job: Job, context: LambdaContext
) -> None:
    """What came is kept, and marked."""
    state = job.with_(phase=Phase.PARTIAL).to_state()

    assert manifest.handler(state, context)["outcome"] == Outcome.PARTIAL


@pytest.mark.parametrize(
    ("handler", "setting"),
    [
        pytest.param(submit.handler, "COURIER_PROVIDERS", id="submit"),
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
    """Half a deployment is told apart from a fault."""
    deployed.delenv(setting)

    with pytest.raises(SettingsMissing, match=setting):
        handler(job.to_state(), context)
