"""Submit: hand a job to the provider, at most once, because it is paid."""

import math
import uuid
from dataclasses import dataclass

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry, wiring
from functions.aws.job_store import JobStore, SubmissionRecord
from functions.aws.rate_limiter import RateLimiter
from functions.aws.s3_source import S3Source
from functions.aws.settings import ProviderSettings
from functions.core.errors import (
    AnswerLost,
    AnswerUnreadable,
    CourierError,
    PermanentError,
    ProviderThrottled,
    ProviderUnavailable,
    RequestInvalid,
    RetryableError,
    SourceTooLarge,
)
from functions.core.metrics import Metric
from functions.core.model import Job, Next, Outcome, Phase, State
from functions.core.routing import end_job, on_hold, on_submitted
from functions.core.schedule import retry_seconds
from functions.providers.protocol import Provider

#: What the provider does wrong is waited for; what AWS does, the workflow retries.
_PROVIDER_IN_TROUBLE = (
    AnswerLost,
    AnswerUnreadable,
    ProviderThrottled,
    ProviderUnavailable,
)


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One attempt to submit a job; `token` tells it from all others."""

    job: Job
    provider: Provider
    source: S3Source
    job_store: JobStore
    rate_limiter: RateLimiter | None
    settings: ProviderSettings
    token: str
    now: float
    random: float

    def submit(self) -> Job:
        """Give the job with its `provider_ref`, or on hold until a later attempt.

        An intent is written before anything is sent, the reference after it.
        Whoever finds an intent without a reference does not send: it looks for
        our name in the provider's list, and sends only when the list still lacks
        it after the intent's own attempt has surely ended (`settle_seconds`). A
        provider without a list leaves that to a person.

        A batch is not sent but prepared, and its requests come here one by one. Where
        the provider bounds the rate, each waits for its slot first.
        """
        if self._is_batch:
            begun = self.job_store.create(self.job, now=self.now)
            self._count_once(begun)
            return self.job.with_(next=Next.PREPARE, received_at=begun.received_at)
        if (slot_at := self._slot()) > self.now:
            return self._await_slot(slot_at)
        entry = self.job_store.claim_submission(
            self.job, token=self.token, now=self.now
        )
        self._count_once(entry)
        if entry.provider_ref:
            return self._resumed(entry)
        try:
            if entry.intent == self.token:
                return self._send(entry)
            return self._settle(entry)
        except _PROVIDER_IN_TROUBLE as error:
            return self._hold(entry, error)

    def _count_once(self, entry: SubmissionRecord) -> None:
        """Count the job with the one attempt that wrote it down first."""
        if entry.received_at == self.now and not self.job.part.batch_id:
            telemetry.count(Metric.JOBS_STARTED, self.job)

    def _send(self, entry: SubmissionRecord) -> Job:
        try:
            rows = self._rows_worth_paying()
            reference = self.provider.submit(self._name, self.job.type, self.source)
        except AnswerLost as error:
            telemetry.logger.warning("submit answer lost", reason=str(error))
            telemetry.record_error(error, self.job)
            return self._settle(entry)
        except RequestInvalid as error:
            self.job_store.release_claim(self.job, token=self.token)
            telemetry.logger.warning("request invalid", reason=str(error))
            invalid = end_job(self.job, Outcome.FAILED, type(error).__name__)
            return invalid.with_(advice=f"{error}. {error.advice}")
        except CourierError:
            # Surely not accepted: the next attempt may send at once.
            self.job_store.release_claim(self.job, token=self.token)
            raise
        return self._record(reference, rows)

    def _settle(self, entry: SubmissionRecord) -> Job:
        reference = self.provider.find(self._name, self.job.type)
        if reference is not None:
            telemetry.logger.info("submission adopted", provider_ref=reference)
            telemetry.count(Metric.SUBMISSIONS_ADOPTED, self.job)
            return self._record(reference, self._rows_as_they_are())

        left = entry.intent_at + self.settings.settle_seconds - self.now
        if left > 0:
            return self._wait(entry, left, failed=False)
        if self.job_store.reclaim_submission(
            self.job, old=entry.intent, token=self.token, now=self.now
        ):
            telemetry.logger.warning("submission repeated", unlisted_for=-left)
            return self._send(entry)
        return self._wait(entry, self.settings.settle_seconds, failed=False)

    def _rows_worth_paying(self) -> int:
        if self.source.size > self.settings.max_upload_bytes:
            raise SourceTooLarge("the file is larger than max_upload_bytes")
        return self.provider.validate(self._source_name, self.job.type, self.source)

    def _rows_as_they_are(self) -> int:
        try:
            return self._rows_worth_paying()
        except PermanentError:
            return 0  # it is paid already: a list that is gone must not end the job

    def _record(self, reference: str, rows: int) -> Job:
        return self._submitted(
            self.job_store.record_submission(
                self.job, provider_ref=reference, rows=rows, now=self.now
            )
        )

    def _resumed(self, entry: SubmissionRecord) -> Job:
        found = self._submitted(entry)
        # Of a job, whoever retries it says so; a batch does not tell its requests.
        return found.with_(resumed_at=self.now) if self.job.part.batch_id else found

    def _submitted(self, entry: SubmissionRecord) -> Job:
        taken = self.job.with_(
            provider_ref=entry.provider_ref,
            received_at=entry.received_at,
            submitted_at=entry.submitted_at,
            rows=entry.rows,
            phase=Phase.QUEUED,
            failures=0,
        )
        return on_submitted(taken, policy=self.settings.policy, random=self.random)

    def _hold(self, entry: SubmissionRecord, error: RetryableError) -> Job:
        telemetry.logger.warning("submission put off", error=type(error).__name__)
        telemetry.record_error(error, self.job)
        delay = retry_seconds(
            self.job.failures + 1,
            policy=self.settings.policy,
            random=self.random,
            hint=error.hint,
        )
        return self._wait(entry, delay, failed=True)

    def _wait(self, entry: SubmissionRecord, seconds: float, *, failed: bool) -> Job:
        return on_hold(
            # A slot is good for one try.
            self.job.with_(received_at=entry.received_at, slot_at=0.0),
            wait_seconds=seconds,
            policy=self.settings.policy,
            now=self.now,
            failed=failed,
        )

    @property
    def _is_batch(self) -> bool:
        whole = not self.job.part.batch_id
        return whole and self.job.key.lower().endswith(self.settings.batches)

    def _slot(self) -> float:
        """Give from when it may be sent; now, where that is not for us to bound."""
        if self.rate_limiter is None or self.rate_limiter.limit.allows(
            self.job.slot_at, now=self.now
        ):
            return self.now
        entry = self.job_store.submission(self.job)
        if entry.intent or entry.provider_ref:
            return self.now
        return self.rate_limiter.reserve(now=self.now)

    def _await_slot(self, slot_at: float) -> Job:
        waiting = self.job.with_(
            slot_at=slot_at, received_at=self.job.received_at or self.now
        )
        return on_hold(
            waiting,
            wait_seconds=math.ceil(slot_at - self.now),
            policy=self.settings.policy,
            now=self.now,
            failed=False,
        )

    @property
    def _source_name(self) -> str:
        # A request of a batch lies in an object with many of them.
        return "request.json" if self.job.part.batch_id else self.job.key

    @property
    def _name(self) -> str:
        # Where the provider has a list, it is searched for this.
        return f"{self.job.job_id}.csv"


@wiring.handler
def handler(event: State, _context: LambdaContext) -> State:
    """Submit a job, as the workflow's state of this name."""
    job = wiring.job(event)

    with telemetry.count_errors(job):
        submitted = Submission(
            job=job,
            provider=wiring.provider(job),
            source=wiring.inbox(job),
            job_store=wiring.ledger(),
            rate_limiter=wiring.pace(job),
            settings=wiring.provider_settings(job),
            token=uuid.uuid4().hex,
            now=(now := wiring.now()),
            random=wiring.chance(),
        ).submit()

    telemetry.logger.info(
        "submitted" if submitted.provider_ref else "held",
        provider_ref=submitted.provider_ref,
        rows=submitted.rows,
        wait_seconds=submitted.wait_seconds,
    )
    telemetry.measure({Metric.JOB_AGE_SECONDS: submitted.age(now)}, job)
    return submitted.to_state()
