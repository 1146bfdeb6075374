"""Routing: decide what a job does next, after a provider's answer or an error."""

from functions.core import errors
from functions.core.model import (
    Job,
    Next,
    Outcome,
    Phase,
    StatusReport,
    WaitReason,
)
from functions.core.schedule import (
    Policy,
    cap_to_deadline,
    credit_seconds,
    deadline,
    poll_seconds,
    retry_seconds,
)

_WITH_RESULTS = (Phase.FINISHED, Phase.PARTIAL)


def route(
    job: Job, report: StatusReport, *, policy: Policy, now: float, random: float
) -> Job:
    """Return the job with its next step after a status report: fetch, wait or end.

    A result is fetched whenever it arrives, even after the deadline. A bad status that
    could be a passing fault (failed, or finished without results) ends the job after
    `policy.required_confirmations` equal reports in a row.
    """
    checked = job.with_(
        polls=job.polls + 1,
        failures=0,
        held_for="",
        held_since=0.0,
        phase=report.phase,
        phase_since=job.phase_since if report.phase is job.phase else now,
        invalid=report.invalid,
        webhook_status=report.webhook_status or job.webhook_status,
    )
    if report.phase in _WITH_RESULTS and report.kinds:
        return checked.with_(
            next=Next.COLLECT,
            finished_at=now,
            kinds=report.kinds,
            absent=report.absent,
            suspected_error="",
            suspicions=0,
        )
    if report.phase in _WITH_RESULTS:
        return _suspect(
            checked, errors.NoResults, policy=policy, now=now, random=random
        )
    if report.phase is Phase.FAILED and report.final_error:
        return end_job(checked, Outcome.FAILED, report.final_error)
    if report.phase is Phase.FAILED:
        return _suspect(
            checked, errors.ProviderFailed, policy=policy, now=now, random=random
        )
    if report.phase is Phase.ABORTED:
        return end_job(checked, Outcome.ABORTED, errors.JobAborted.__name__)

    unsuspected = checked.with_(suspected_error="", suspicions=0)
    return _wait(unsuspected, policy=policy, now=now, random=random)


def on_submitted(job: Job, *, policy: Policy, random: float) -> Job:
    """Return the submitted job with a short wait before its first check."""
    first_wait = poll_seconds(0.0, policy=policy, random=random, forecast=job.forecast)
    return job.with_(next=_waiting_step(policy), wait_seconds=first_wait)


def on_permanent_error(
    job: Job,
    error: errors.PermanentError | errors.AnswerMismatch,
    *,
    policy: Policy,
    now: float,
    random: float,
) -> Job:
    """Return the job with its next step after a permanent error of a check.

    The job fails after `policy.required_confirmations` equal errors in a row; until
    then it is checked again.
    """
    checked = job.with_(polls=job.polls + 1, failures=0)
    return _suspect(checked, type(error), policy=policy, now=now, random=random)


def on_retryable_error(
    job: Job, error: errors.RetryableError, *, policy: Policy, now: float, random: float
) -> Job:
    """Return the job with another check as its next step, or ended at the deadline."""
    failures = job.failures + 1
    checked = job.with_(polls=job.polls + 1, failures=failures)
    step = _waiting_step(policy)
    if isinstance(error, errors.OutOfCredits):
        delay = credit_seconds(policy=policy, random=random)
        return _wait_until_deadline(
            held_for(checked, type(error), now=now),
            step,
            delay,
            policy=policy,
            now=now,
            at_deadline=type(error),
            reason=WaitReason.CREDITS,
        )
    doubled = retry_seconds(failures, policy=policy, random=random)
    delay = retry_seconds(failures, policy=policy, random=random, hint=error.hint)
    reason = WaitReason.ASKED if delay > doubled else WaitReason.FAILED
    return _wait_until_deadline(
        checked, step, delay, policy=policy, now=now, reason=reason
    )


def held_for(job: Job, error: type[errors.CourierError], *, now: float) -> Job:
    """Return the job with an error that it waits out, and since when."""
    name = error.__name__
    since = job.held_since if job.held_for == name else now
    return job.with_(held_for=name, held_since=since)


def on_hold(
    job: Job,
    *,
    wait_seconds: float,
    policy: Policy,
    now: float,
    failed: bool,
    at_deadline: type[errors.CourierError] = errors.DeadlinePassed,
    since: float = 0.0,
) -> Job:
    """Return the job on hold before its next submission, or ended at the deadline.

    `failed` is whether a failed call is the reason, which counts as a failure.
    `at_deadline` is the error with which the job ends then. The deadline counts from
    `since`, or from when the job has been waiting.
    """
    counted = job.with_(failures=job.failures + 1 if failed else 0)
    return _wait_until_deadline(
        counted,
        Next.HOLD,
        int(wait_seconds),
        policy=policy,
        now=now,
        at_deadline=at_deadline,
        since=since,
    )


def end_job(job: Job, outcome: Outcome, error: str = "") -> Job:
    """Return the job as ended; `error` names the error of a bad outcome."""
    return job.with_(
        next=Next.CONCLUDE,
        outcome=outcome,
        error=error,
        advice=errors.advice_for(error) if error else "",
    )


def refuse(job: Job, error: errors.CourierError) -> Job:
    """Return the job as failed by what was uploaded, with the error's text as advice.

    Such a text names records, fields and rules, and never has a value of the source.
    """
    failed = end_job(job, Outcome.FAILED, type(error).__name__)
    return failed.with_(advice=f"{error}. {error.advice}")


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
    suspected = job.with_(suspected_error=name, suspicions=suspicions)
    if suspicions >= policy.required_confirmations:
        return end_job(suspected, Outcome.FAILED, name)
    return _wait(
        suspected,
        policy=policy,
        now=now,
        random=random,
        reason=WaitReason.UNCONFIRMED,
    )


def _wait(
    job: Job,
    *,
    policy: Policy,
    now: float,
    random: float,
    reason: WaitReason = WaitReason.ELAPSED,
) -> Job:
    elapsed = now - job.waiting_since
    plain = poll_seconds(elapsed, policy=policy, random=random)
    delay = poll_seconds(
        elapsed,
        policy=policy,
        random=random,
        forecast=job.forecast,
        polls=job.polls,
    )
    if delay < plain and reason is WaitReason.ELAPSED:
        reason = WaitReason.EXPECTED
    return _wait_until_deadline(
        job, _waiting_step(policy), delay, policy=policy, now=now, reason=reason
    )


def _waiting_step(policy: Policy) -> Next:
    return Next.LISTEN if policy.uses_webhook else Next.WAIT


def _wait_until_deadline(
    job: Job,
    step: Next,
    delay: int,
    *,
    policy: Policy,
    now: float,
    at_deadline: type[errors.CourierError] = errors.DeadlinePassed,
    since: float = 0.0,
    reason: WaitReason | None = None,
) -> Job:
    deadline_at = deadline(since or job.waiting_since, policy=policy)
    if now >= deadline_at:
        is_plain = at_deadline is errors.DeadlinePassed
        outcome = Outcome.TIMED_OUT if is_plain else Outcome.FAILED
        return end_job(job, outcome, at_deadline.__name__)
    wait_seconds = cap_to_deadline(deadline_at, delay, now=now)
    if wait_seconds < delay and reason in (WaitReason.ELAPSED, WaitReason.EXPECTED):
        reason = WaitReason.DEADLINE  # all others say what an earlier check would harm
    return job.with_(next=step, wait_seconds=wait_seconds, wait_reason=reason or "")
