"""Check: what a provider's answer, or its silence, makes of a job."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from functions.check import check
from functions.core.errors import (
    CredentialsRejected,
    OutOfCredits,
    PermanentError,
    ProviderLostJob,
    ProviderThrottled,
)
from functions.core.file_formats import FileFormat
from functions.core.metrics import Metric
from functions.core.model import Job, Next, Outcome, Phase, StatusReport
from functions.providers.protocol import Body, Link, Source
from tests.settings import POLICY

_JOB = Job(
    job_id="j", provider="p", type="t", provider_ref="7", received_at=1, submitted_at=2
)


class FixedProvider:
    """A provider whose every check has the same answer."""

    def __init__(self, answer: StatusReport | Exception) -> None:
        self._answer = answer

    def check(self, provider_ref: str) -> StatusReport:
        """Return or raise what the test chose."""
        assert provider_ref == _JOB.provider_ref
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    @property
    def result_format(self) -> FileFormat:
        """Fail: Check calls nothing else."""
        raise AssertionError

    def validate(self, name: str, type_: str, source: Source) -> int:
        """Fail: Check calls nothing else."""
        raise AssertionError((name, type_, source))

    def submit(self, name: str, type_: str, source: Source) -> str:
        """Fail: Check calls nothing else."""
        raise AssertionError((name, type_, source))

    def find(self, name: str, type_: str) -> str | None:
        """Fail: Check calls nothing else."""
        raise AssertionError((name, type_))

    def results(self, provider_ref: str) -> Mapping[str, Link]:
        """Fail: Check calls nothing else."""
        raise AssertionError(provider_ref)

    def open(self, link: Link, *, seconds: float) -> Body:
        """Fail: Check calls nothing else."""
        raise AssertionError((link, seconds))


def _checked(job: Job, answer: StatusReport | Exception, *, now: float = 10.0) -> Job:
    return check(job, FixedProvider(answer), policy=POLICY, now=now, random=0.5)


@pytest.mark.parametrize(
    "error",
    [CredentialsRejected, OutOfCredits, ProviderLostJob],
    ids=lambda e: e.__name__,
)
def test_a_refusal_is_believed_when_it_repeats(error: type[PermanentError]) -> None:
    """One bad rotation of a key must not end every job that runs, and is paid."""
    job = _JOB
    for _ in range(POLICY.required_confirmations - 1):
        job = _checked(job, error("no"))
        assert job.next is Next.WAIT

    ended = _checked(job, error("no"))

    assert (ended.outcome, ended.error) == (Outcome.FAILED, error.__name__)


def test_an_answer_between_refusals_makes_them_forgotten() -> None:
    """The key works again: what was doubted is not added to later doubts."""
    doubting = _checked(_checked(_JOB, OutOfCredits("no")), OutOfCredits("no"))

    calm = _checked(doubting, StatusReport(phase=Phase.RUNNING))

    assert (calm.suspected_error, calm.suspicions, calm.next) == ("", 0, Next.WAIT)


def test_a_call_that_fails_is_no_error_of_the_job() -> None:
    """A provider that is out of reach costs a job time, not its life."""
    waiting = _checked(_JOB, ProviderThrottled("429", hint=77.0))

    assert waiting.next is Next.WAIT
    assert waiting.failures == 1
    assert waiting.wait_seconds >= 77


def test_a_job_started_by_hand_has_its_whole_time() -> None:
    """An execution started in the console with a reference alone is not late."""
    bare = Job(job_id="j", provider="p", type="t", provider_ref="7")

    waiting = _checked(bare, StatusReport(phase=Phase.RUNNING), now=2_000_000_000.0)

    assert waiting.next is Next.WAIT
    assert waiting.received_at == 2_000_000_000.0


Told = Mapping[str, Any]


def _told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Read the one line of metrics of a check."""
    (line,) = (
        json.loads(line)
        for line in capsys.readouterr().out.splitlines()
        if '"_aws"' in line
    )
    told: Told = line
    return told


@pytest.mark.parametrize(
    "answer",
    [StatusReport(phase=Phase.QUEUED), ProviderThrottled("429"), OutOfCredits("no")],
    ids=["an answer", "no answer", "a refusal"],
)
def test_every_check_tells_how_old_the_job_is(
    answer: StatusReport | Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job that hangs while the provider is down has to be seen, too."""
    _checked(_JOB, answer, now=100.0)

    assert _told(capsys)["JobAgeSeconds"] == 98.0


def test_an_error_is_counted_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A key that is refused wakes a person before jobs end of it."""
    _checked(_JOB, CredentialsRejected("no"))

    told = _told(capsys)
    assert (told["StepErrors"], told["error"]) == (1, "CredentialsRejected")
    assert Metric.PROVIDER_THROTTLES.title not in told


def test_time_in_a_phase_is_told_when_it_is_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where the time of slow jobs goes: into the queue, or into the work."""
    running = _checked(_JOB, StatusReport(phase=Phase.RUNNING), now=12.0)
    queued = _told(capsys)
    _checked(running, StatusReport(phase=Phase.RUNNING), now=20.0)
    nothing_new = _told(capsys)
    _checked(running, StatusReport(phase=Phase.FINISHED, kinds=("all",)), now=42.0)

    assert (queued["phase"], queued["PhaseSeconds"]) == ("queued", 10.0)
    assert "PhaseSeconds" not in nothing_new
    over = _told(capsys)
    assert (over["phase"], over["PhaseSeconds"]) == ("running", 30.0)


@pytest.mark.parametrize(
    ("finished_at", "heard_at", "lag"),
    [
        pytest.param(90.0, 97.0, 10.0, id="the provider tells when"),
        pytest.param(0.0, 97.0, 3.0, id="its webhook does"),
        pytest.param(0.0, 0.0, None, id="nobody does"),
        pytest.param(105.0, 0.0, 0.0, id="its clock is ahead"),
    ],
)
def test_the_lag_is_told_where_it_is_known(
    capsys: pytest.CaptureFixture[str],
    finished_at: float,
    heard_at: float,
    lag: float | None,
) -> None:
    """A lag that is guessed would be a promise that nobody can check."""
    said = StatusReport(phase=Phase.FINISHED, kinds=("all",), finished_at=finished_at)

    _checked(_JOB.with_(heard_at=heard_at), said, now=100.0)

    assert _told(capsys).get("LagSeconds") == lag


@pytest.mark.parametrize(("heard_at", "missed"), [(0.0, 1), (9.0, None)])
def test_an_end_without_its_webhook_is_counted(
    capsys: pytest.CaptureFixture[str], heard_at: float, missed: int | None
) -> None:
    """Webhooks that stop coming cost every job the time to the next poll."""
    answer = StatusReport(phase=Phase.FINISHED, kinds=("all",))
    listening = replace(POLICY, uses_webhook=True)

    job = _JOB.with_(heard_at=heard_at)
    check(job, FixedProvider(answer), policy=listening, now=10.0, random=0.5)

    assert _told(capsys).get("WebhooksMissed") == missed
