"""Check: what a provider's answer, or its silence, makes of a job."""

from collections.abc import Mapping

import pytest

from functions.check import check
from functions.core.errors import (
    CredentialsRejected,
    OutOfCredits,
    PermanentError,
    ProviderLostJob,
    ProviderThrottled,
)
from functions.core.forms import Form
from functions.core.model import Job, Look, Next, Outcome, Phase
from functions.core.schedule import Policy
from functions.providers.protocol import Body, Link, Source

_POLICY = Policy()
_JOB = Job(
    job_id="j", provider="p", type="t", provider_ref="7", received_at=1, submitted_at=2
)


class Says:
    """A provider that says the same whenever it is asked."""

    def __init__(self, said: Look | Exception) -> None:
        self._said = said

    def check(self, provider_ref: str) -> Look:
        """Say it."""
        assert provider_ref == _JOB.provider_ref
        if isinstance(self._said, Exception):
            raise self._said
        return self._said

    @property
    def form(self) -> Form:
        """Never."""
        raise AssertionError

    def survey(self, name: str, type_: str, source: Source) -> int:
        """Never."""
        raise AssertionError((name, type_, source))

    def submit(self, name: str, type_: str, source: Source) -> str:
        """Never."""
        raise AssertionError((name, type_, source))

    def find(self, name: str, type_: str) -> str | None:
        """Never."""
        raise AssertionError((name, type_))

    def results(self, provider_ref: str) -> Mapping[str, Link]:
        """Never."""
        raise AssertionError(provider_ref)

    def open(self, link: Link, *, seconds: float) -> Body:
        """Never."""
        raise AssertionError((link, seconds))


def _checked(job: Job, said: Look | Exception, *, now: float = 10.0) -> Job:
    return check(job, Says(said), policy=_POLICY, now=now, chance=0.5)


@pytest.mark.parametrize(
    "error",
    [CredentialsRejected, OutOfCredits, ProviderLostJob],
    ids=lambda e: e.__name__,
)
def test_a_refusal_is_believed_when_it_repeats(error: type[PermanentError]) -> None:
    """One bad rotation of a key must not end every job that runs, and is paid."""
    job = _JOB
    for _ in range(_POLICY.agreeing_looks - 1):
        job = _checked(job, error("no"))
        assert job.next is Next.WAIT

    ended = _checked(job, error("no"))

    assert (ended.outcome, ended.error) == (Outcome.FAILED, error.__name__)


def test_an_answer_between_refusals_makes_them_forgotten() -> None:
    """The key works again: what was doubted is not added to later doubts."""
    doubting = _checked(_checked(_JOB, OutOfCredits("no")), OutOfCredits("no"))

    calm = _checked(doubting, Look(phase=Phase.RUNNING))

    assert (calm.doubt, calm.doubts, calm.next) == ("", 0, Next.WAIT)


def test_a_call_that_fails_is_no_error_of_the_job() -> None:
    """A provider that is out of reach costs a job time, not its life."""
    waiting = _checked(_JOB, ProviderThrottled("429", hint=77.0))

    assert waiting.next is Next.WAIT
    assert waiting.failures == 1
    assert waiting.wait_seconds >= 77


def test_a_job_started_by_hand_has_its_whole_time() -> None:
    """An execution started in the console with a reference alone is not late."""
    bare = Job(job_id="j", provider="p", type="t", provider_ref="7")

    waiting = _checked(bare, Look(phase=Phase.RUNNING), now=2_000_000_000.0)

    assert waiting.next is Next.WAIT
    assert waiting.received_at == 2_000_000_000.0
