"""Submission claim: guard one try to submit a job, also where the table fails."""

from dataclasses import dataclass, replace

from functions.aws import telemetry
from functions.aws.job_store import JobStore
from functions.core.errors import AwsUnavailable, CourierError
from functions.core.job_record import SubmissionRecord
from functions.core.model import Job
from functions.core.rows import RowCount


@dataclass(frozen=True, kw_only=True)
class SubmissionClaim:
    """The claim by which one try alone submits a job; `token` identifies the try."""

    job: Job
    job_store: JobStore
    token: str
    now: float

    def take(self, *, old: str) -> SubmissionRecord | None:
        """Claim the submission, replacing the claim `old`; return what is recorded.

        The claim is ours only if the record has our token. None: the table failed, and
        it is not known whether the claim was written. It is removed then, because the
        answer of this try may be lost as well, and the next one would not know it.
        """
        try:
            return self.job_store.claim_submission(
                self.job, token=self.token, old=old, now=self.now
            )
        except AwsUnavailable:
            self.release()
            return None

    def release(self) -> bool:
        """Remove our claim, because nothing was accepted; return whether it is gone."""
        try:
            self.job_store.release_claim(self.job, token=self.token)
        except AwsUnavailable:
            return False
        return True

    def record(
        self, record: SubmissionRecord, provider_ref: str, count: RowCount
    ) -> SubmissionRecord:
        """Record the provider's reference; return it even if the table fails.

        It is paid for and known only here. The job carries it to the next steps, which
        record it (`JobStore.record_progress`).
        """
        try:
            return self.job_store.record_submission(
                self.job, provider_ref=provider_ref, count=count, now=self.now
            )
        except CourierError as error:
            telemetry.logger.error(
                "reference not recorded",
                error=type(error).__name__,
                provider_ref=provider_ref,
            )
            telemetry.record_error(error, self.job)
            return replace(
                record,
                provider_ref=provider_ref,
                submitted_at=self.now,
                rows=count.rows,
                distinct_rows=count.distinct_rows,
            )
