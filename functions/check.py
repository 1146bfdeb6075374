"""Check: ask the provider once how the job is doing."""

import random
from collections.abc import Callable

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clock, telemetry
from functions.aws.adapters import adapter_for
from functions.aws.job_store import JobStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.results import Results
from functions.aws.settings import provider_settings
from functions.core.errors import AnswerMismatch, PermanentError, RetryableError
from functions.core.metrics import Metric
from functions.core.model import Job, Outcome, Phase, State, StatusReport
from functions.core.routing import on_permanent_error, on_retryable_error, route
from functions.core.schedule import Policy
from functions.providers.protocol import Provider

#: The phases that a provider announces by a webhook.
_ANNOUNCED = (Phase.FINISHED, Phase.PARTIAL, Phase.FAILED)
#: The `webhook_status` of a webhook that the provider has given up.
_UNDELIVERED = "FAILED"


def check(
    job: Job,
    adapter: Provider,
    *,
    results: Callable[[], Results],
    policy: Policy,
    now: float,
    random: float,
) -> Job:
    """Ask the provider for the status; return the job with its next step.

    What the provider says about a failure goes into the results bucket: a second try
    finds it there, and it may be personal data, which a job does not hold.

    A call that fails does not fail the job: it is repeated later, until the deadline,
    so that a provider's outage of some hours only delays the job. `random` is a number
    in [0, 1) for the jitter of the next wait.
    """
    heard_at = job.heard_at
    job = job.with_(heard_at=0.0)
    if not job.waiting_since:
        # No submission time is known: somebody started the execution by hand.
        job = job.with_(received_at=now)
    try:
        report = adapter.check(job.provider_ref, name=job.file_name)
    except (PermanentError, AnswerMismatch) as error:
        # A key that is being rotated, credits that are being bought, or a cache that
        # mixes up two jobs must not end a job that is paid for, so the error counts
        # only once it is repeated.
        telemetry.logger.warning("check refused", error=type(error).__name__)
        telemetry.record_error(error, job, {Metric.JOB_AGE_SECONDS: job.age(now)})
        return on_permanent_error(job, error, policy=policy, now=now, random=random)
    except RetryableError as error:
        telemetry.logger.warning("check failed", error=type(error).__name__)
        telemetry.record_error(error, job, {Metric.JOB_AGE_SECONDS: job.age(now)})
        return on_retryable_error(job, error, policy=policy, now=now, random=random)

    if report.unknown_word:
        telemetry.logger.warning("status word unknown", word=report.unknown_word)
    telemetry.measure(
        _metrics(
            job,
            report,
            uses_webhook=policy.uses_webhook,
            heard_at=heard_at,
            now=now,
        ),
        job,
        phase=job.phase,
    )
    checked = route(job, report, policy=policy, now=now, random=random)
    if not (report.errors and checked.outcome is Outcome.FAILED):
        return checked
    return results().put_error(checked, report.errors)


def _metrics(
    job: Job, report: StatusReport, *, uses_webhook: bool, heard_at: float, now: float
) -> dict[Metric, float]:
    values = {Metric.JOB_AGE_SECONDS: job.age(now)}
    if report.phase is not job.phase:
        values[Metric.PHASE_SECONDS] = now - (job.phase_since or job.waiting_since)
    if report.unknown_word:
        values[Metric.UNKNOWN_STATUS_WORDS] = 1
    if report.webhook_status == _UNDELIVERED:
        values[Metric.WEBHOOKS_UNDELIVERED] = 1
    if report.phase not in _ANNOUNCED:
        return values
    if uses_webhook and not heard_at:
        values[Metric.WEBHOOKS_MISSED] = 1
    if finished_at := report.provider_finished_at or max(0.0, heard_at):
        # The provider's clock may be ahead of ours.
        values[Metric.LAG_SECONDS] = max(0.0, now - finished_at)
    return values


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Run the state Check for one job."""
    job = read_job(event)
    now = clock.now()

    with telemetry.count_errors(job):
        checked = check(
            job,
            adapter_for(job.provider),
            results=Results.from_environment,
            policy=provider_settings(job.provider).policy,
            now=now,
            random=random.random(),  # noqa: S311 - jitter, no secret
        )
        JobStore.from_environment().record_progress(
            checked, next_check_at=now + checked.wait_seconds
        )

    telemetry.logger.info(
        "checked",
        polls=checked.polls,
        phase=checked.phase,
        next=checked.next,
        wait_seconds=checked.wait_seconds,
    )
    return checked.to_state()
