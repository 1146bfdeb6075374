"""Submit: submit a job to the provider, at most once, because it is paid for."""

import math
import random
import uuid
from dataclasses import dataclass

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clients, clock, telemetry
from functions.aws.adapters import adapter_for
from functions.aws.job_store import JobStore, SubmissionRecord
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.rate_limiter import RateLimiter
from functions.aws.s3_source import S3Source
from functions.aws.settings import provider_settings
from functions.core.errors import (
    PROVIDER_FAULTS,
    AnswerLost,
    CourierError,
    PermanentError,
    RequestInvalid,
    RetryableError,
    SourceTooLarge,
)
from functions.core.metrics import Metric
from functions.core.model import Job, Next, Outcome, Phase, State
from functions.core.provider_settings import ProviderSettings
from functions.core.routing import end_job, on_hold, on_submitted
from functions.core.rows import RowCount
from functions.core.schedule import retry_seconds
from functions.providers.protocol import Provider


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One try to submit a job; `token` identifies it.

    `now` is in Unix seconds, `random` a number in [0, 1) for the jitter of waits.
    """

    job: Job
    adapter: Provider
    source: S3Source
    job_store: JobStore
    rate_limiter: RateLimiter | None
    settings: ProviderSettings
    token: str
    now: float
    random: float

    def submit(self) -> Job:
        """Submit the job at most once; return it with its reference or on hold.

        An intent is recorded before anything is sent, the reference after it. An
        try that finds an intent without a reference does not send: it looks for
        our file name in the provider's list, and sends only if the list still lacks it
        after `settle_seconds`, when the function that wrote the intent cannot be
        running any more. Where the provider has no list, a person decides
        (`SubmitOutcomeUnknown`).

        A batch is not sent itself: its requests are prepared and come here one by one.
        Where the provider limits the rate, each waits for its slot first.
        """
        is_request = self.job.is_batch_request
        if not is_request and self.job.key.lower().endswith(self.settings.batches):
            created = self.job_store.create(self.job, now=self.now)
            self._count_started(created)
            return self.job.with_(next=Next.PREPARE, received_at=created.received_at)
        slot_at = self._slot()
        if slot_at > self.now:
            return self._hold_for_slot(slot_at)
        record = self.job_store.claim_submission(
            self.job, token=self.token, now=self.now
        )
        self._count_started(record)
        if record.provider_ref:
            submitted = self._submitted(record)
            # A retry sets `resumed_at` on the job; requests of a batch get it here.
            return submitted.with_(resumed_at=self.now) if is_request else submitted
        try:
            if record.intent == self.token:
                return self._send(record)
            return self._reconcile(record)
        except PROVIDER_FAULTS as error:  # those of AWS are for the workflow
            return self._hold_after(error, record)

    def _count_started(self, record: SubmissionRecord) -> None:
        """Count the job if this try was the first to record it."""
        # `received_at` is written once: it is our time only if we wrote it.
        if record.received_at == self.now and not self.job.is_batch_request:
            telemetry.count(Metric.JOBS_STARTED, self.job)

    def _send(self, record: SubmissionRecord) -> Job:
        try:
            count = self._validated_count()
            reference = self.adapter.submit(self._file_name, self.job.type, self.source)
        except AnswerLost as error:
            telemetry.logger.warning("submit answer lost", reason=str(error))
            telemetry.record_error(error, self.job)
            return self._reconcile(record)
        except RequestInvalid as error:
            self.job_store.release_claim(self.job, token=self.token)
            telemetry.logger.warning("request invalid", reason=str(error))
            failed = end_job(self.job, Outcome.FAILED, type(error).__name__)
            return failed.with_(advice=f"{error}. {error.advice}")
        except CourierError:
            # Surely not accepted: the next try may send at once.
            self.job_store.release_claim(self.job, token=self.token)
            raise
        return self._record(reference, count)

    def _reconcile(self, record: SubmissionRecord) -> Job:
        """Find in the provider's list whether an earlier try was accepted.

        If it was, adopt it; otherwise hold the job, or send it again.
        """
        reference = self.adapter.find(self._file_name, self.job.type)
        if reference is not None:
            telemetry.logger.info("submission adopted", provider_ref=reference)
            telemetry.count(Metric.SUBMISSIONS_ADOPTED, self.job)
            try:
                count = self._validated_count()
            except PermanentError:
                count = RowCount()  # it is paid for: a missing source must not end it
            return self._record(reference, count)

        remaining = record.intent_at + self.settings.settle_seconds - self.now
        if remaining > 0:
            return self._hold(record, remaining, failed=False)
        if self.job_store.reclaim_submission(
            self.job, old=record.intent, token=self.token, now=self.now
        ):
            telemetry.logger.warning("submission repeated", unlisted_for=-remaining)
            return self._send(record)
        return self._hold(record, self.settings.settle_seconds, failed=False)

    def _validated_count(self) -> RowCount:
        if self.source.size > self.settings.max_upload_bytes:
            raise SourceTooLarge("the file is larger than max_upload_bytes")
        # A request of a batch lies in an object with many of them.
        name = "request.json" if self.job.is_batch_request else self.job.key
        return self.adapter.validate(name, self.job.type, self.source)

    def _record(self, reference: str, count: RowCount) -> Job:
        return self._submitted(
            self.job_store.record_submission(
                self.job, provider_ref=reference, count=count, now=self.now
            )
        )

    def _submitted(self, record: SubmissionRecord) -> Job:
        submitted = self.job.with_(
            provider_ref=record.provider_ref,
            received_at=record.received_at,
            submitted_at=record.submitted_at,
            rows=record.rows,
            distinct_rows=record.distinct_rows,
            phase=Phase.QUEUED,
            failures=0,
        )
        return on_submitted(submitted, policy=self.settings.policy, random=self.random)

    def _hold_after(self, error: RetryableError, record: SubmissionRecord) -> Job:
        telemetry.logger.warning("submission postponed", error=type(error).__name__)
        telemetry.record_error(error, self.job)
        delay = retry_seconds(
            self.job.failures + 1,
            policy=self.settings.policy,
            random=self.random,
            hint=error.hint,
        )
        return self._hold(record, delay, failed=True)

    def _hold(self, record: SubmissionRecord, seconds: float, *, failed: bool) -> Job:
        # The slot is used up: the next try reserves another one.
        job = self.job.with_(received_at=record.received_at, slot_at=0.0)
        return on_hold(
            job,
            wait_seconds=seconds,
            policy=self.settings.policy,
            now=self.now,
            failed=failed,
        )

    def _slot(self) -> float:
        """Return when the submission may be sent; now, where no limit applies."""
        limiter = self.rate_limiter
        if limiter is None or limiter.limit.allows(self.job.slot_at, now=self.now):
            return self.now
        record = self.job_store.submission(self.job)
        if record.intent or record.provider_ref:
            return self.now
        self.job_store.require_running(self.job)  # others wait for the slot
        return limiter.reserve(now=self.now)

    def _hold_for_slot(self, slot_at: float) -> Job:
        job = self.job.with_(
            slot_at=slot_at, received_at=self.job.received_at or self.now
        )
        return on_hold(
            job,
            wait_seconds=math.ceil(slot_at - self.now),
            policy=self.settings.policy,
            now=self.now,
            failed=False,
        )

    @property
    def _file_name(self) -> str:
        """The name under which the provider's list is searched for the job."""
        return f"{self.job.job_id}.csv"


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
            job_store=JobStore.from_environment(),
            rate_limiter=RateLimiter.from_environment(job.provider),
            settings=provider_settings(job.provider),
            token=uuid.uuid4().hex,
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
