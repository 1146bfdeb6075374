"""Submit: submit a job to the provider, at most once, because it is paid for."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, clock, telemetry
from functions.aws.adapters import adapter_for
from functions.aws.credit_waits import CreditWaits
from functions.aws.daily_budget import DailyBudget
from functions.aws.finishes import FinishStore
from functions.aws.job_store import JobStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.rate_limiter import RateLimiter
from functions.aws.s3_source import S3Source
from functions.aws.settings import provider_settings
from functions.aws.submission_claim import SubmissionClaim
from functions.core.approval import after_approval, wait_for_approval
from functions.core.errors import PROVIDER_FAULTS, OutOfCredits, ProviderRejected
from functions.core.job_record import SubmissionRecord
from functions.core.metrics import Metric
from functions.core.model import Job, Next, Outcome, State
from functions.core.routing import end_job, on_submitted
from functions.sending import Sending

if TYPE_CHECKING:
    from functions.aws.results import Results


@dataclass(frozen=True, kw_only=True)
class Submission(Sending):
    """One try to submit a job, once nothing makes it wait."""

    rate_limiter: RateLimiter | None
    credits: CreditWaits
    budget: DailyBudget
    results: Callable[[], "Results"]

    def submit(self) -> Job:
        """Submit the job at most once; return it with its reference or on hold.

        All that can fail without the provider is done before the claim: the token of
        this try, written into the jobs table right before anything is sent. A try that
        finds another one's claim does not send (see `reconcile`). What the provider
        says of a refusal goes into the results bucket.

        A job that waits for approval is not sent, whatever brought it here. A batch is
        not sent itself: its requests come here one by one. Where the provider limits
        the rate, each waits for its slot first.
        """
        record = self.claim.job_store.create(self.job, now=self.now)
        self._count_started(record)
        if record.approve_until:
            until = record.approve_until
            return wait_for_approval(self.job, until=until, now=self.now)
        if record.approved_at and self.settings.daily_values is not None:
            # What a person lets through is a part of what the day's jobs send.
            values = record.approved_values
            self.budget.take(self.job, record, values=values, now=self.now)
        return replace(self, job=after_approval(self.job, record)).go_on(record)

    def go_on(self, record: SubmissionRecord) -> Job:
        """Submit a job that waits for no approval (see `submit`)."""
        is_request = self.job.is_batch_request
        if self.job.batch.requests:  # it was approved
            return self.job.with_(next=Next.REQUESTS)
        if not is_request and self.job.key.lower().endswith(self.settings.batches):
            # Only in executions of earlier releases: Prepare comes before Submit now.
            return self.job.with_(next=Next.PREPARE, received_at=record.received_at)
        if record.provider_ref:
            submitted = self.submitted(record)
            # A retry sets `resumed_at` on the job; requests of a batch get it here.
            return submitted.with_(resumed_at=self.now) if is_request else submitted
        try:
            return self._find_or_send(record)
        except PROVIDER_FAULTS as error:  # those of AWS are for the workflow
            return self.hold_after(error, record)

    def _count_started(self, record: SubmissionRecord) -> None:
        """Count the job if this try was the first to record it."""
        # `received_at` is written once: it is our time only if we wrote it.
        if record.received_at == self.now and not self.job.is_batch_request:
            telemetry.count(Metric.JOBS_STARTED, self.job)

    @property
    def _awaits_credits(self) -> bool:
        """Whether the job may ask only in its turn; a file asks at once the first time.

        It may be small enough for the credits that are left. Requests all cost the
        same, and a batch has thousands.
        """
        waits = self.job.held_for == OutOfCredits.__name__
        return waits or self.job.is_batch_request

    def _hold(self, record: SubmissionRecord) -> Job | None:
        """Hold the job if others ask for credits, or if its slot is later."""
        if self._awaits_credits:
            ask_at = self.credits.next_ask(now=self.now)
            if ask_at > self.now:
                return self._hold_for_credits(record, ask_at)
        slot_at = self._slot()
        return self.holds(record).for_slot(slot_at) if slot_at > self.now else None

    def _find_or_send(self, record: SubmissionRecord) -> Job:
        """Find what may have been sent, or send; end or hold what is refused."""
        is_unclear = record.intent not in ("", *self.job.unsent_claims)
        try:
            if is_unclear or record.resent:
                return self.reconcile(record)
            return self._hold(record) or self._send(record)
        except ProviderRejected as error:
            if not error.said:
                raise
            telemetry.record_error(error, self.job)
            rejected = end_job(self.job, Outcome.FAILED, type(error).__name__)
            return self.results().put_error(rejected, error.said)
        except OutOfCredits as error:
            ask_at = self.credits.refuse(now=self.now)
            return self._hold_for_credits(record, ask_at, error)

    def _send(self, record: SubmissionRecord) -> Job:
        job = self.send(record)
        if job.provider_ref and self._awaits_credits:
            self.credits.allow(self.job)
        return job

    def _hold_for_credits(
        self,
        record: SubmissionRecord,
        ask_at: float,
        error: OutOfCredits | None = None,
    ) -> Job:
        job = self.holds(record).for_credits(ask_at=ask_at)
        self.credits.announce(job, error, now=self.now)
        return job

    def _slot(self) -> float:
        """Return when the submission may be sent; now, where no limit applies."""
        limiter = self.rate_limiter
        if limiter is None or limiter.limit.allows(self.job.slot_at, now=self.now):
            return self.now
        return limiter.reserve(now=self.now)


def _results() -> "Results":
    # Only a refusal needs them.
    from functions.aws.results import Results  # noqa: PLC0415 - see above

    return Results.from_environment()


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Run the state Submit for one job."""
    job = read_job(event)
    now = clock.now()
    settings = provider_settings(job.provider)
    jitter = random.random()  # noqa: S311 - no secret

    job_store = JobStore.from_environment()
    with telemetry.count_errors(job):
        submitted = Submission(
            job=job,
            adapter=adapter_for(job.provider),
            source=S3Source.to_send(job, s3=clients.s3()),
            rate_limiter=RateLimiter.from_environment(job.provider),
            credits=CreditWaits.from_environment(job.provider, job_store=job_store),
            budget=DailyBudget.from_environment(),
            settings=settings,
            claim=SubmissionClaim(
                job=job,
                job_store=job_store,
                token=uuid.uuid4().hex,
                now=now,
            ),
            results=_results,
            now=now,
            random=jitter,
        ).submit()
    if forecast := FinishStore.from_environment().forecast(submitted):
        submitted = on_submitted(
            submitted.with_(forecast=forecast), policy=settings.policy, random=jitter
        )

    telemetry.logger.info(
        "submitted" if submitted.provider_ref else "on hold",
        provider_ref=submitted.provider_ref,
        rows=submitted.rows,
        wait_seconds=submitted.wait_seconds,
    )
    telemetry.measure({Metric.JOB_AGE_SECONDS: submitted.age(now)}, job)
    return submitted.to_state()
