"""Submit: submit a job to the provider, at most once, because it is paid for."""

import random
import uuid
from dataclasses import dataclass

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, clock, telemetry
from functions.aws.adapters import adapter_for
from functions.aws.job_store import JobStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.rate_limiter import RateLimiter
from functions.aws.s3_source import S3Source
from functions.aws.settings import provider_settings
from functions.aws.submission_claim import SubmissionClaim
from functions.core.errors import (
    PROVIDER_FAULTS,
    AnswerLost,
    CourierError,
    DeadlinePassed,
    PermanentError,
    RequestInvalid,
    RetryableError,
    SourceTooLarge,
    SubmitOutcomeUnknown,
)
from functions.core.holds import Holds
from functions.core.job_record import SubmissionRecord
from functions.core.metrics import Metric
from functions.core.model import Job, Next, Outcome, Phase, State
from functions.core.provider_settings import ProviderSettings
from functions.core.routing import end_job, on_submitted
from functions.core.rows import RowCount
from functions.providers.protocol import Provider


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One try to submit a job; `now` is in Unix seconds, `random` in [0, 1)."""

    job: Job
    adapter: Provider
    source: S3Source
    rate_limiter: RateLimiter | None
    settings: ProviderSettings
    claim: SubmissionClaim
    now: float
    random: float

    def submit(self) -> Job:
        """Submit the job at most once; return it with its reference or on hold.

        All that can fail without the provider is done before the claim: the token of
        this try, written into the jobs table right before anything is sent. A try that
        finds another one's claim does not send (see `_reconcile`).

        A batch is not sent itself: its requests are prepared and come here one by one.
        Where the provider limits the rate, each waits for its slot first.
        """
        is_request = self.job.is_batch_request
        record = self.claim.job_store.create(self.job, now=self.now)
        self._count_started(record)
        if not is_request and self.job.key.lower().endswith(self.settings.batches):
            return self.job.with_(next=Next.PREPARE, received_at=record.received_at)
        if record.provider_ref:
            submitted = self._submitted(record)
            # A retry sets `resumed_at` on the job; requests of a batch get it here.
            return submitted.with_(resumed_at=self.now) if is_request else submitted
        try:
            if record.intent not in ("", *self.job.unsent_claims):
                return self._reconcile(record)
            if (slot_at := self._slot()) > self.now:
                return self._holds(record).for_slot(slot_at)
            return self._send(record)
        except PROVIDER_FAULTS as error:  # those of AWS are for the workflow
            return self._hold_after(error, record)

    def _count_started(self, record: SubmissionRecord) -> None:
        """Count the job if this try was the first to record it."""
        # `received_at` is written once: it is our time only if we wrote it.
        if record.received_at == self.now and not self.job.is_batch_request:
            telemetry.count(Metric.JOBS_STARTED, self.job)

    def _send(self, record: SubmissionRecord) -> Job:
        """Claim the submission, replacing the recorded claim, and send it."""
        try:
            count = self._validated_count()
            preparation = self.adapter.prepare_submission(
                self.job.file_name, self.job.type, self.source
            )
            with preparation as send:
                claimed = self.claim.take(old=record.intent)
                if claimed is None:
                    return self._hold_unsent(record)
                if claimed.intent != self.claim.token:
                    return self._reconcile(claimed)
                try:
                    reference = send()
                except AnswerLost as error:
                    telemetry.logger.warning("submit answer lost", reason=str(error))
                    telemetry.record_error(error, self.job)
                    return self._reconcile(claimed, is_lost_here=True)
                except CourierError as error:  # surely not accepted
                    if self.claim.release():
                        raise
                    telemetry.record_error(error, self.job)
                    return self._hold_unsent(record)
        except RequestInvalid as error:
            telemetry.logger.warning("request invalid", reason=str(error))
            failed = end_job(self.job, Outcome.FAILED, type(error).__name__)
            return failed.with_(advice=f"{error}. {error.advice}")
        return self._submitted(self.claim.record(claimed, reference, count))

    def _reconcile(
        self, record: SubmissionRecord, *, is_lost_here: bool = False
    ) -> Job:
        """Find out whether the try with the recorded claim was accepted.

        The provider's list is searched for our file name, and an entry adopted. A list
        may lag, and that try may still be running. So the search is repeated, at
        growing intervals, until `settle_seconds` after the claim. Then a person has to
        decide, unless the settings say that what is not listed is sent again.

        Raises:
            SubmitOutcomeUnknown: It was not found in time, or there is no list. A
                retry of the job searches once more; it sends nothing.
        """
        if record.provider_ref:
            return self._submitted(record)
        elapsed = self.now - record.intent_at
        remaining = self.settings.settle_seconds - elapsed
        try:
            reference = self.adapter.find(self.job.file_name, self.job.type)
        except SubmitOutcomeUnknown:
            if remaining <= 0 or (is_lost_here and not self.settings.has_list):
                raise
            reference = None
        except PROVIDER_FAULTS as error:
            return self._hold_after(error, record, SubmitOutcomeUnknown)
        if reference is not None:
            return self._adopt(record, reference)
        if remaining <= 0:
            if not self.settings.resubmits_unlisted:
                raise SubmitOutcomeUnknown("the provider's list lacks the file")
            telemetry.logger.warning("submission repeated", unlisted_for=elapsed)
            return self._send(record)
        return self._holds(record).for_listing(
            claimed_at=record.intent_at, settle_seconds=self.settings.settle_seconds
        )

    def _adopt(self, record: SubmissionRecord, reference: str) -> Job:
        telemetry.logger.info("submission adopted", provider_ref=reference)
        telemetry.count(Metric.SUBMISSIONS_ADOPTED, self.job)
        try:
            count = self._validated_count()
        except PermanentError:
            count = RowCount()  # it is paid for: a missing source must not end it
        return self._submitted(self.claim.record(record, reference, count))

    def _validated_count(self) -> RowCount:
        if self.source.size > self.settings.max_upload_bytes:
            raise SourceTooLarge("the file is larger than max_upload_bytes")
        # A request of a batch lies in an object with many of them.
        name = "request.json" if self.job.is_batch_request else self.job.key
        return self.adapter.validate(name, self.job.type, self.source)

    def _submitted(self, record: SubmissionRecord) -> Job:
        submitted = self.job.with_(
            provider_ref=record.provider_ref,
            received_at=record.received_at,
            submitted_at=record.submitted_at,
            rows=record.rows,
            distinct_rows=record.distinct_rows,
            phase=Phase.QUEUED,
            failures=0,
            unsent_claims=(),
        )
        return on_submitted(submitted, policy=self.settings.policy, random=self.random)

    def _hold_after(
        self,
        error: RetryableError,
        record: SubmissionRecord,
        at_deadline: type[PermanentError] = DeadlinePassed,
    ) -> Job:
        telemetry.logger.warning("submission postponed", error=type(error).__name__)
        telemetry.record_error(error, self.job)
        return self._holds(record).after_failure(
            hint=error.hint, at_deadline=at_deadline
        )

    def _hold_unsent(self, record: SubmissionRecord) -> Job:
        """Hold the job; its next try knows of our claim that nothing was sent."""
        telemetry.logger.warning("claim left behind, nothing sent")
        unsent = (*self.job.unsent_claims, self.claim.token)
        return self._holds(record).after_failure().with_(unsent_claims=unsent)

    def _holds(self, record: SubmissionRecord) -> Holds:
        # A slot is used up by now: the next try reserves another one.
        return Holds(
            job=self.job.with_(received_at=record.received_at, slot_at=0.0),
            policy=self.settings.policy,
            now=self.now,
            random=self.random,
        )

    def _slot(self) -> float:
        """Return when the submission may be sent; now, where no limit applies."""
        limiter = self.rate_limiter
        if limiter is None or limiter.limit.allows(self.job.slot_at, now=self.now):
            return self.now
        return limiter.reserve(now=self.now)


@lambda_handler
def handler(event: State, _context: LambdaContext) -> State:
    """Run the state Submit for one job."""
    job = read_job(event)
    now = clock.now()

    with telemetry.count_errors(job):
        submitted = Submission(
            job=job,
            adapter=adapter_for(job.provider),
            source=S3Source(job, s3=clients.s3()),
            rate_limiter=RateLimiter.from_environment(job.provider),
            settings=provider_settings(job.provider),
            claim=SubmissionClaim(
                job=job,
                job_store=JobStore.from_environment(),
                token=uuid.uuid4().hex,
                now=now,
            ),
            now=now,
            random=random.random(),  # noqa: S311 - jitter, no secret
        ).submit()

    telemetry.logger.info(
        "submitted" if submitted.provider_ref else "on hold",
        provider_ref=submitted.provider_ref,
        rows=submitted.rows,
        wait_seconds=submitted.wait_seconds,
    )
    telemetry.measure({Metric.JOB_AGE_SECONDS: submitted.age(now)}, job)
    return submitted.to_state()
