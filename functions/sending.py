"""Sending: send a job to its provider, or find out what became of an earlier try."""

from dataclasses import dataclass

from functions.aws import telemetry
from functions.aws.s3_source import S3Source
from functions.aws.submission_claim import SubmissionClaim
from functions.core.errors import (
    PROVIDER_FAULTS,
    SOURCE_FAULTS,
    AnswerLost,
    CourierError,
    DeadlinePassed,
    PermanentError,
    RetryableError,
    SourceTooLarge,
    SubmitOutcomeUnknown,
)
from functions.core.holds import Holds
from functions.core.job_record import SubmissionRecord
from functions.core.metrics import Metric
from functions.core.model import Job, Phase
from functions.core.provider_settings import ProviderSettings
from functions.core.routing import on_submitted, refuse
from functions.core.rows import RowCount
from functions.providers.protocol import Provider


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One try to send a job; `now` is in Unix seconds, `random` in [0, 1)."""

    job: Job
    adapter: Provider
    source: S3Source
    settings: ProviderSettings
    claim: SubmissionClaim
    now: float
    random: float

    def send(self, record: SubmissionRecord) -> Job:
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
                    return self.reconcile(claimed)
                try:
                    reference = send()
                except AnswerLost as error:
                    telemetry.logger.warning("submit answer lost", reason=str(error))
                    telemetry.record_error(error, self.job)
                    return self.reconcile(claimed, is_lost_here=True)
                except CourierError as error:  # surely not accepted
                    if self.claim.release():
                        raise
                    telemetry.record_error(error, self.job)
                    return self._hold_unsent(record)
        except SOURCE_FAULTS as error:
            telemetry.logger.warning("source refused", reason=str(error))
            telemetry.record_error(error, self.job)
            return refuse(self.job, error)
        return self.submitted(self.claim.record(claimed, reference, count))

    def reconcile(self, record: SubmissionRecord, *, is_lost_here: bool = False) -> Job:
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
            return self.submitted(record)
        elapsed = self.now - record.intent_at
        remaining = self.settings.settle_seconds - elapsed
        try:
            reference = self.adapter.find(self.job.file_name, self.job.type)
        except SubmitOutcomeUnknown:
            if remaining <= 0 or (is_lost_here and not self.settings.has_list):
                raise
            reference = None
        except PROVIDER_FAULTS as error:
            return self.hold_after(error, record, SubmitOutcomeUnknown)
        if reference is not None:
            return self._adopt(record, reference)
        if remaining <= 0:
            if not self.settings.resubmits_unlisted:
                raise SubmitOutcomeUnknown("the provider's list lacks the file")
            telemetry.logger.warning("submission repeated", unlisted_for=elapsed)
            return self.send(record)
        return self.holds(record).for_listing(
            claimed_at=record.intent_at, settle_seconds=self.settings.settle_seconds
        )

    def _adopt(self, record: SubmissionRecord, reference: str) -> Job:
        telemetry.logger.info("submission adopted", provider_ref=reference)
        telemetry.count(Metric.SUBMISSIONS_ADOPTED, self.job)
        try:
            count = self._validated_count()
        except PermanentError:
            count = RowCount()  # it is paid for: a missing source must not end it
        return self.submitted(self.claim.record(record, reference, count))

    def _validated_count(self) -> RowCount:
        if prepared := self.job.prepared.sent:
            # What is counted is what is sent: Prepare wrote it, each value once.
            return RowCount(rows=prepared, distinct_rows=prepared)
        if shard := self.job.part.rows:
            return RowCount(rows=shard, distinct_rows=shard)
        if self.source.size > self.settings.max_upload_bytes:
            raise SourceTooLarge("the file is larger than max_upload_bytes")
        # A request of a batch lies in an object with many of them.
        name = "request.json" if self.job.is_batch_request else self.job.key
        return self.adapter.validate(name, self.job.type, self.source)

    def submitted(self, record: SubmissionRecord) -> Job:
        """Return the job with the recorded reference, to be checked."""
        submitted = self.job.with_(
            provider_ref=record.provider_ref,
            received_at=record.received_at,
            submitted_at=record.submitted_at,
            rows=record.rows,
            distinct_rows=record.distinct_rows,
            phase=Phase.QUEUED,
            failures=0,
            unsent_claims=(),
            held_for="",
            held_since=0.0,
        )
        return on_submitted(submitted, policy=self.settings.policy, random=self.random)

    def hold_after(
        self,
        error: RetryableError,
        record: SubmissionRecord,
        at_deadline: type[PermanentError] = DeadlinePassed,
    ) -> Job:
        """Hold the job after a failed call; `at_deadline` is the error that ends it."""
        telemetry.logger.warning("submission postponed", error=type(error).__name__)
        telemetry.record_error(error, self.job)
        return self.holds(record).after_failure(
            hint=error.hint, at_deadline=at_deadline
        )

    def _hold_unsent(self, record: SubmissionRecord) -> Job:
        """Hold the job; its next try knows of our claim that nothing was sent."""
        telemetry.logger.warning("claim left behind, nothing sent")
        unsent = (*self.job.unsent_claims, self.claim.token)
        return self.holds(record).after_failure().with_(unsent_claims=unsent)

    def holds(self, record: SubmissionRecord) -> Holds:
        """Return the reasons to put the job on hold."""
        # A slot is used up by now: the next try reserves another one.
        return Holds(
            job=self.job.with_(received_at=record.received_at, slot_at=0.0),
            policy=self.settings.policy,
            now=self.now,
            random=self.random,
        )
