"""Routing: what happens next to a job, after what the provider said or did not say."""

from functions.core import errors
from functions.core.model import Job, Look, Next, Outcome, Phase
from functions.core.schedule import (
    Policy,
    deadline,
    poll_seconds,
    retry_seconds,
    until,
)

_RESULTS = (Phase.FINISHED, Phase.PARTIAL)


def route(job: Job, look: Look, *, policy: Policy, now: float, chance: float) -> Job:
    """Decide after an answer: fetch the results, wait on, or end the job.

    A result is taken whenever it arrives, at the deadline or after it. A bad
    ending that could be a passing fault (failed; finished without results) is
    believed after `policy.agreeing_looks` answers in a row that agree.
    """
    asked = job.with_(
        polls=job.polls + 1,
        failures=0,
        phase=look.phase,
        phase_since=job.phase_since if look.phase is job.phase else now,
        invalid=look.invalid,
    )
    if look.phase in _RESULTS and look.kinds:
        return asked.with_(
            next=Next.COLLECT,
            finished_at=now,
            kinds=look.kinds,
            absent=look.absent,
            doubt="",
            doubts=0,
        )
    if look.phase in _RESULTS:
        return _doubt(asked, errors.NoResults, policy=policy, now=now, chance=chance)
    if look.phase is Phase.FAILED and look.final_error:
        return ended(asked, Outcome.FAILED, look.final_error)
    if look.phase is Phase.FAILED:
        return _doubt(
            asked, errors.ProviderFailed, policy=policy, now=now, chance=chance
        )
    if look.phase is Phase.ABORTED:
        return ended(asked, Outcome.ABORTED, errors.JobAborted.__name__)

    calm = asked.with_(doubt="", doubts=0)
    return _wait(calm, policy=policy, now=now, chance=chance)


def submitted(job: Job, *, policy: Policy, chance: float) -> Job:
    """Decide after the provider took the job: look soon."""
    first = poll_seconds(0.0, policy=policy, chance=chance)
    return job.with_(next=_waiting(policy), wait_seconds=first)


def refused(
    job: Job,
    error: errors.PermanentError,
    *,
    policy: Policy,
    now: float,
    chance: float,
) -> Job:
    """Decide after the provider refused to speak of the job."""
    asked = job.with_(polls=job.polls + 1, failures=0)
    return _doubt(asked, type(error), policy=policy, now=now, chance=chance)


def unanswered(
    job: Job, error: errors.RetryableError, *, policy: Policy, now: float, chance: float
) -> Job:
    """Decide after a check that failed: ask again later, until the deadline."""
    failures = job.failures + 1
    failed = job.with_(polls=job.polls + 1, failures=failures)
    delay = retry_seconds(failures, policy=policy, chance=chance, hint=error.hint)
    return _later(failed, _waiting(policy), delay, policy=policy, now=now)


def held(
    job: Job, *, wait_seconds: float, policy: Policy, now: float, failed: bool
) -> Job:
    """Decide after a submission that has to be tried later."""
    failures = job.failures + 1 if failed else 0
    waiting = job.with_(failures=failures)
    return _later(waiting, Next.HOLD, int(wait_seconds), policy=policy, now=now)


def ended(job: Job, outcome: Outcome, error: str = "") -> Job:
    """End a job, with the name of the error that ended it badly."""
    return job.with_(
        next=Next.CONCLUDE,
        outcome=outcome,
        error=error,
        advice=errors.advice_on(error) if error else "",
    )


def _doubt(
    job: Job,
    error: type[errors.CourierError],
    *,
    policy: Policy,
    now: float,
    chance: float,
) -> Job:
    name = error.__name__
    doubts = job.doubts + 1 if job.doubt == name else 1
    doubting = job.with_(doubt=name, doubts=doubts)
    if doubts >= policy.agreeing_looks:
        return ended(doubting, Outcome.FAILED, name)
    return _wait(doubting, policy=policy, now=now, chance=chance)


def _wait(job: Job, *, policy: Policy, now: float, chance: float) -> Job:
    elapsed = max(0.0, now - job.waiting_since)
    delay = poll_seconds(elapsed, policy=policy, chance=chance)
    return _later(job, _waiting(policy), delay, policy=policy, now=now)


def _waiting(policy: Policy) -> Next:
    return Next.LISTEN if policy.listens else Next.WAIT


def _later(job: Job, step: Next, delay: int, *, policy: Policy, now: float) -> Job:
    stops_at = deadline(job.waiting_since, policy=policy)
    if now >= stops_at:
        return ended(job, Outcome.TIMED_OUT, errors.DeadlinePassed.__name__)
    return job.with_(next=step, wait_seconds=until(stops_at, delay, now=now))
