"""Check: the provider's answer, or its error, decides what a job does next."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from functions.aws.results import Results
from functions.check import check
from functions.core.body import Body
from functions.core.error_details import error_document
from functions.core.errors import (
    AnswerMismatch,
    CourierError,
    CredentialsRejected,
    OutOfCredits,
    ProviderLostJob,
    ProviderThrottled,
)
from functions.core.file_formats import FileFormat
from functions.core.metrics import Metric
from functions.core.model import Job, Next, Outcome, Phase, StatusReport
from functions.core.rows import RowCount
from functions.core.source import Source
from functions.providers.protocol import Link
from tests.settings import POLICY
from tests.unit.memory_client import MemoryClient
from tests.world.memory_aws.s3 import S3

_JOB = Job(
    job_id="j", provider="p", type="t", provider_ref="7", received_at=1, submitted_at=2
)


class FixedProvider:
    """A provider that answers every check in the same way."""

    def __init__(self, answer: StatusReport | Exception, *, name: str = "") -> None:
        self._answer = answer
        self._name = name  # under which the job was submitted

    def check(self, provider_ref: str, *, name: str = "") -> StatusReport:
        """Return the report, or raise the error, that the test chose."""
        assert (provider_ref, name) == (_JOB.provider_ref, self._name)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    @property
    def result_format(self) -> FileFormat:
        """Fail, because Check calls no other method."""
        raise AssertionError

    def validate(self, name: str, type_: str, source: Source) -> RowCount:
        """Fail, because Check calls no other method."""
        raise AssertionError((name, type_, source))

    def prepare_submission(
        self, name: str, type_: str, source: Source
    ) -> AbstractContextManager[Callable[[], str]]:
        """Fail, because Check calls no other method."""
        raise AssertionError((name, type_, source))

    def find(self, name: str, type_: str) -> str | None:
        """Fail, because Check calls no other method."""
        raise AssertionError((name, type_))

    def result_links(self, provider_ref: str, *, name: str = "") -> Mapping[str, Link]:
        """Fail, because Check calls no other method."""
        raise AssertionError((provider_ref, name))

    def open(self, link: Link, *, type_: str, seconds: float) -> Body:
        """Fail, because Check calls no other method."""
        raise AssertionError((link, type_, seconds))


def _check(job: Job, answer: StatusReport | Exception, *, now: float = 10.0) -> Job:
    return check(
        job,
        FixedProvider(answer),
        results=_no_results,
        policy=POLICY,
        now=now,
        random=0.5,
    )


def _no_results() -> Results:
    raise AssertionError("nothing is written")


@pytest.mark.parametrize(
    "error",
    [CredentialsRejected, ProviderLostJob, AnswerMismatch],
    ids=lambda error: error.__name__,
)
def test_a_refusal_ends_the_job_once_it_is_repeated(
    error: type[CourierError],
) -> None:
    """A mistake in a key rotation must not end every running job that is paid for."""
    job = _JOB
    for _ in range(POLICY.required_confirmations - 1):
        job = _check(job, error("no"))
        assert job.next is Next.WAIT

    ended = _check(job, error("no"))

    assert (ended.outcome, ended.error) == (Outcome.FAILED, error.__name__)


def test_a_check_waits_for_credits() -> None:
    """The job is paid for: it waits at the cap of the schedule, and says for what."""
    waiting = _check(_check(_JOB, OutOfCredits("no")), OutOfCredits("no"), now=99.0)
    going_on = _check(waiting, StatusReport(phase=Phase.RUNNING))

    assert (waiting.next, waiting.wait_seconds) == (Next.WAIT, POLICY.cap_seconds)
    assert (waiting.held_for, waiting.held_since) == (OutOfCredits.__name__, 10.0)
    assert (going_on.held_for, going_on.held_since) == ("", 0.0)


@pytest.mark.fault(28)
@pytest.mark.parametrize("phase", [Phase.FINISHED, Phase.PARTIAL])
def test_a_finish_without_results_is_believed_once_it_is_repeated(phase: Phase) -> None:
    """Links may come a moment later; a job that is paid for must not end before."""
    nothing, job = StatusReport(phase=phase), _JOB
    for _ in range(POLICY.required_confirmations - 1):
        job = _check(job, nothing)
        assert (job.next, job.outcome) == (Next.WAIT, Outcome.NONE)

    ended = _check(job, nothing)
    fetched = _check(job, StatusReport(phase=phase, kinds=("all",)))
    interrupted = _check(_check(job, StatusReport(phase=Phase.RUNNING)), nothing)

    assert POLICY.required_confirmations > 1
    assert (ended.outcome, ended.error) == (Outcome.FAILED, "NoResults")
    assert (fetched.next, fetched.kinds) == (Next.COLLECT, ("all",))
    assert interrupted.next is Next.WAIT


def test_a_report_resets_the_count_of_refusals() -> None:
    """The key works again, so that later refusals are counted anew."""
    suspected = _check(
        _check(_JOB, CredentialsRejected("no")), CredentialsRejected("no")
    )

    running = _check(suspected, StatusReport(phase=Phase.RUNNING))

    assert (running.suspected_error, running.suspicions) == ("", 0)
    assert running.next is Next.WAIT


def test_a_job_waits_after_a_failed_call() -> None:
    """An unreachable provider delays a job and does not end it."""
    waiting = _check(_JOB, ProviderThrottled("429", hint=77.0))

    assert waiting.next is Next.WAIT
    assert waiting.failures == 1
    assert waiting.wait_seconds >= 77


def test_a_job_started_by_hand_has_the_whole_deadline() -> None:
    """An execution started in the console has a reference and no times."""
    job = Job(job_id="j", provider="p", type="t", provider_ref="7")

    waiting = _check(job, StatusReport(phase=Phase.RUNNING), now=2_000_000_000.0)

    assert waiting.next is Next.WAIT
    assert waiting.received_at == 2_000_000_000.0


def test_a_check_asks_for_the_file_that_was_sent() -> None:
    """A provider that mixes up two jobs gives the result of another customer."""
    job = _JOB.with_(key="p/t/a.csv")
    provider = FixedProvider(StatusReport(phase=Phase.RUNNING), name="j.csv")

    checked = check(
        job, provider, results=_no_results, policy=POLICY, now=10.0, random=0.5
    )

    assert checked.polls == 1


def test_a_check_uses_up_the_webhook_that_led_to_it() -> None:
    """The next check would otherwise believe that it was led by a webhook, too."""
    checked = _check(_JOB.with_(heard_at=9.0), StatusReport(phase=Phase.RUNNING))

    assert checked.heard_at == 0.0


def _metrics(capsys: pytest.CaptureFixture[str]) -> Mapping[str, Any]:
    """Return the only line of metrics that a check wrote."""
    (line,) = (
        line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line
    )
    metrics: Mapping[str, Any] = json.loads(line)
    return metrics


@pytest.mark.parametrize(
    "answer",
    [
        StatusReport(phase=Phase.QUEUED),
        ProviderThrottled("429"),
        CredentialsRejected("no"),
    ],
    ids=["a report", "a failed call", "a refusal"],
)
def test_every_check_measures_the_age_of_the_job(
    answer: StatusReport | Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """An alarm on old jobs must also go off while the provider is down."""
    _check(_JOB, answer, now=100.0)

    assert _metrics(capsys)["JobAgeSeconds"] == 98.0


def test_an_error_is_counted_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """An alarm on refused keys goes off before any job ends because of them."""
    _check(_JOB, CredentialsRejected("no"))

    metrics = _metrics(capsys)
    assert (metrics["StepErrors"], metrics["error"]) == (1, "CredentialsRejected")
    assert Metric.PROVIDER_THROTTLES.title not in metrics


@pytest.mark.parametrize("word", ["", "ARCHIVED"])
def test_an_unknown_status_word_is_counted(
    word: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The provider may have changed its words: an alarm asks a person to look."""
    _check(_JOB, StatusReport(phase=Phase.RUNNING, unknown_word=word))

    counted = _metrics(capsys).get(Metric.UNKNOWN_STATUS_WORDS.title)
    assert counted == (1 if word else None)
    logged = [vars(record).get("word") for record in caplog.records]
    assert logged == ([word] if word else [])


def test_the_time_in_a_phase_is_measured_at_its_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It shows whether slow jobs spend their time in the queue or in the work."""
    running = _check(_JOB, StatusReport(phase=Phase.RUNNING), now=12.0)
    after_queued = _metrics(capsys)
    _check(running, StatusReport(phase=Phase.RUNNING), now=20.0)
    while_running = _metrics(capsys)
    _check(running, StatusReport(phase=Phase.FINISHED, kinds=("all",)), now=42.0)
    after_running = _metrics(capsys)

    assert (after_queued["phase"], after_queued["PhaseSeconds"]) == ("queued", 10.0)
    assert "PhaseSeconds" not in while_running
    assert (after_running["phase"], after_running["PhaseSeconds"]) == ("running", 30.0)


@pytest.mark.parametrize(
    ("finished_at", "heard_at", "lag"),
    [
        pytest.param(90.0, 97.0, 10.0, id="since the reported finish"),
        pytest.param(0.0, 97.0, 3.0, id="since the webhook"),
        pytest.param(0.0, 0.0, None, id="neither is known"),
        pytest.param(0.0, -1.0, None, id="a person has asked"),
        pytest.param(105.0, 0.0, 0.0, id="the provider's clock is ahead"),
    ],
)
def test_the_lag_is_measured_where_the_finish_is_known(
    capsys: pytest.CaptureFixture[str],
    finished_at: float,
    heard_at: float,
    lag: float | None,
) -> None:
    """A guessed lag would falsify the percentiles on the dashboard."""
    report = StatusReport(
        phase=Phase.FINISHED, kinds=("all",), provider_finished_at=finished_at
    )

    _check(_JOB.with_(heard_at=heard_at), report, now=100.0)

    assert _metrics(capsys).get("LagSeconds") == lag


@pytest.mark.parametrize(("heard_at", "missed"), [(0.0, 1), (9.0, None), (-1.0, None)])
def test_a_finish_without_its_webhook_is_counted(
    capsys: pytest.CaptureFixture[str], heard_at: float, missed: int | None
) -> None:
    """Without webhooks, every job is noticed only by its next poll.

    A person who ends the wait may only be faster than the webhook.
    """
    job = _JOB.with_(heard_at=heard_at)
    provider = FixedProvider(StatusReport(phase=Phase.FINISHED, kinds=("all",)))
    policy = replace(POLICY, uses_webhook=True)

    check(job, provider, results=_no_results, policy=policy, now=10.0, random=0.5)

    assert _metrics(capsys).get("WebhooksMissed") == missed


@pytest.mark.parametrize("word", ["", "SENT", "FAILED"])
def test_a_webhook_that_was_given_up_is_counted(
    capsys: pytest.CaptureFixture[str], word: str
) -> None:
    """Polling hides it: every job arrives, only later."""
    report = StatusReport(phase=Phase.RUNNING, webhook_status=word)

    checked = _check(_JOB, report)

    assert _metrics(capsys).get("WebhooksUndelivered") == (
        1 if word == "FAILED" else None
    )
    assert checked.webhook_status == word


def test_the_last_word_about_a_webhook_is_kept() -> None:
    """An answer without one says nothing about it."""
    job = _JOB.with_(webhook_status="RETRYING")

    assert _check(job, StatusReport(phase=Phase.RUNNING)).webhook_status == "RETRYING"


@pytest.mark.parametrize("final_error", ["ProviderDeclined", ""])
def test_what_the_provider_says_of_a_failure_is_kept_in_the_bucket(
    final_error: str,
) -> None:
    """It may be personal data, so the job has only its place; once it is final."""
    s3 = S3("results")
    client: Any = MemoryClient(s3)
    errors = {"request": {"class": "x", "message": "words of the provider"}}

    checked = check(
        _JOB,
        FixedProvider(
            StatusReport(phase=Phase.FAILED, errors=errors, final_error=final_error)
        ),
        results=lambda: Results("results", s3=client),
        policy=POLICY,
        now=10.0,
        random=0.5,
    )

    stored = s3.current("results", "p/t/j/error.json")
    if not final_error:
        assert (stored, checked.error_key) == (None, "")
        return
    assert stored is not None
    assert checked.error_key == "p/t/j/error.json"
    assert stored.metadata == {"job-id": "j", "kind": "error"}
    assert stored.content == error_document(checked, errors)
