"""Routing: what happens next to a job, after what the provider said or did not say."""

from functions.core import errors
from functions.core.model import Job, Next, Outcome, Phase, StatusReport
from functions.core.schedule import (
    Policy,
    cap_to_deadline,
    deadline,
    poll_seconds,
    retry_seconds,
)

_RESULTS = (Phase.FINISHED, Phase.PARTIAL)


def route(
    job: Job, report: StatusReport, *, policy: Policy, now: float, random: float
) -> Job:
    """Decide after an answer: fetch the results, wait on, or end the job.

    A result is taken whenever it arrives, at the deadline or after it. A bad
    ending that could be a passing fault (failed; finished without results) is
    believed after `policy.agreeing_looks` answers in a row that agree.
    """
    asked = job.with_(
        polls=job.polls + 1,
        failures=0,
        phase=report.phase,
        phase_since=job.phase_since if report.phase is job.phase else now,
        invalid=report.invalid,
    )
    if report.phase in _RESULTS and report.kinds:
        return asked.with_(
            next=Next.COLLECT,
            finished_at=now,
            kinds=report.kinds,
            absent=report.absent,
            suspected_error="",
            suspicions=0,
        )
    if report.phase in _RESULTS:
        return _suspect(asked, errors.NoResults, policy=policy, now=now, random=random)
    if report.phase is Phase.FAILED and report.final_error:
        return end_job(asked, Outcome.FAILED, report.final_error)
    if report.phase is Phase.FAILED:
        return _suspect(
            asked, errors.ProviderFailed, policy=policy, now=now, random=random
        )
    if report.phase is Phase.ABORTED:
        return end_job(asked, Outcome.ABORTED, errors.JobAborted.__name__)

    calm = asked.with_(suspected_error="", suspicions=0)
    return _wait(calm, policy=policy, now=now, random=random)


def on_submitted(job: Job, *, policy: Policy, random: float) -> Job:
    """Decide after the provider took the job: look soon."""
    first = poll_seconds(0.0, policy=policy, random=random)
    return job.with_(next=_waiting_step(policy), wait_seconds=first)


def on_permanent_error(
    job: Job,
    error: errors.PermanentError,
    *,
    policy: Policy,
    now: float,
    random: float,
) -> Job:
    """Decide after the provider refused to speak of the job."""
    asked = job.with_(polls=job.polls + 1, failures=0)
    return _suspect(asked, type(error), policy=policy, now=now, random=random)


def on_retryable_error(
    job: Job, error: errors.RetryableError, *, policy: Policy, now: float, random: float
) -> Job:
    """Decide after a check that failed: ask again later, until the deadline."""
    failures = job.failures + 1
    failed = job.with_(polls=job.polls + 1, failures=failures)
    delay = retry_seconds(failures, policy=policy, random=random, hint=error.hint)
    return _wait_until_deadline(
        failed, _waiting_step(policy), delay, policy=policy, now=now
    )


def on_hold(
    job: Job, *, wait_seconds: float, policy: Policy, now: float, failed: bool
) -> Job:
    """Decide after a submission that has to be tried later."""
    failures = job.failures + 1 if failed else 0
    waiting = job.with_(failures=failures)
    return _wait_until_deadline(
        waiting, Next.HOLD, int(wait_seconds), policy=policy, now=now
    )


def end_job(job: Job, outcome: Outcome, error: str = "") -> Job:
    """End a job, with the name of the error that ended it badly."""
    return job.with_(
        next=Next.CONCLUDE,
        outcome=outcome,
        error=error,
        advice=errors.advice_for(error) if error else "",
    )


def _suspect(
    job: Job,
    error: type[errors.CourierError],
    *,
    policy: Policy,
    now: float,
    random: float,
) -> Job:
    name = error.__name__
    suspicions = job.suspicions + 1 if job.suspected_error == name else 1
    suspecting = job.with_(suspected_error=name, suspicions=suspicions)
    if suspicions >= policy.required_confirmations:
        return end_job(suspecting, Outcome.FAILED, name)
    return _wait(suspecting, policy=policy, now=now, random=random)


def _wait(job: Job, *, policy: Policy, now: float, random: float) -> Job:
    elapsed = max(0.0, now - job.waiting_since)
    delay = poll_seconds(elapsed, policy=policy, random=random)
    return _wait_until_deadline(
        job, _waiting_step(policy), delay, policy=policy, now=now
    )


def _waiting_step(policy: Policy) -> Next:
    return Next.LISTEN if policy.uses_webhook else Next.WAIT


def _wait_until_deadline(
    job: Job, step: Next, delay: int, *, policy: Policy, now: float
) -> Job:
    stops_at = deadline(job.waiting_since, policy=policy)
    if now >= stops_at:
        return end_job(job, Outcome.TIMED_OUT, errors.DeadlinePassed.__name__)
    return job.with_(next=step, wait_seconds=cap_to_deadline(stops_at, delay, now=now))
