"""Check: ask the provider once how the job is doing."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry, wiring
from functions.core.errors import PermanentError, RetryableError
from functions.core.metrics import Metric
from functions.core.model import Job, Phase, State, StatusReport
from functions.core.routing import on_permanent_error, on_retryable_error, route
from functions.core.schedule import Policy
from functions.providers.protocol import Provider

#: What a provider sends a webhook for.
_OVER = (Phase.FINISHED, Phase.PARTIAL, Phase.FAILED)


def check(
    job: Job, provider: Provider, *, policy: Policy, now: float, random: float
) -> Job:
    """Give the job with what happens next; what the provider says is no error here.

    A call that fails is no error of the job's: it is asked again later, until the
    deadline. So a provider that is out of reach for hours costs a job nothing but
    the time.
    """
    heard_at, job = job.heard_at, job.with_(heard_at=0.0)
    if not job.waiting_since:  # started by hand: its time begins now
        job = job.with_(received_at=now)
    try:
        look = provider.check(job.provider_ref)
    except RetryableError as error:
        telemetry.logger.warning("check failed", error=type(error).__name__)
        telemetry.record_error(error, job, {Metric.JOB_AGE_SECONDS: job.age(now)})
        return on_retryable_error(job, error, policy=policy, now=now, random=random)
    except PermanentError as error:
        # A key that is being rotated or credits that are being bought must not end a
        # job that is paid for: refusals are believed when they repeat.
        telemetry.logger.warning("check refused", error=type(error).__name__)
        telemetry.record_error(error, job, {Metric.JOB_AGE_SECONDS: job.age(now)})
        return on_permanent_error(job, error, policy=policy, now=now, random=random)

    if look.unknown_word:
        telemetry.logger.warning("status word unknown", word=look.unknown_word)
    telemetry.measure(
        _measured(job, look, listens=policy.uses_webhook, heard_at=heard_at, now=now),
        job,
        phase=job.phase,
    )
    return route(job, look, policy=policy, now=now, random=random)


def _measured(
    job: Job, look: StatusReport, *, listens: bool, heard_at: float, now: float
) -> dict[Metric, float]:
    values = {Metric.JOB_AGE_SECONDS: job.age(now)}
    if look.phase is not job.phase:
        values[Metric.PHASE_SECONDS] = now - (job.phase_since or job.waiting_since)
    if look.unknown_word:
        values[Metric.UNKNOWN_STATUS_WORDS] = 1
    if look.phase not in _OVER:
        return values
    if listens and not heard_at:
        values[Metric.WEBHOOKS_MISSED] = 1
    if finished_at := look.finished_at or heard_at:
        # Its clock need not be ours.
        values[Metric.LAG_SECONDS] = max(0.0, now - finished_at)
    return values


@wiring.handler
def handler(event: State, _context: LambdaContext) -> State:
    """Check a job, as the workflow's state of this name."""
    job = wiring.job(event)

    with telemetry.count_errors(job):
        checked = check(
            job,
            wiring.provider(job),
            policy=wiring.provider_settings(job).policy,
            now=(now := wiring.now()),
            random=wiring.chance(),
        )
        wiring.ledger().record_progress(
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
