"""Approve: announce a job's quote, and wait until a person has approved it."""

from dataclasses import dataclass

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clock, telemetry
from functions.aws.approval_waits import ApprovalWaits
from functions.aws.approvals import Approvals
from functions.aws.job_store import JobStore
from functions.aws.lambda_handler import lambda_handler, read_job
from functions.aws.notifier import Notifier
from functions.core.job_record import JobRecord
from functions.core.metrics import Metric
from functions.core.model import Job, State
from functions.core.quote_notice import quote_notice


@dataclass(frozen=True, kw_only=True)
class ApprovalWait:
    """One wait of a job for its approval."""

    job: Job
    job_store: JobStore
    approvals: Approvals
    waits: ApprovalWaits
    notifier: Notifier
    now: float

    def begin(self, token: str) -> JobRecord:
        """Store the wait's token and announce the quote; return the job's record.

        The record is read after the token was stored: who approves the job, or ends
        it, before that, finds no token, and the wait is ended here.
        """
        self.waits.register(self.job, token, now=self.now)
        record = self.job_store.record(self.job)
        if not record.awaits_approval:
            self.waits.end(self.job.job_id, now=self.now)
        elif record.quote_told < self.job.attempt:
            self.notifier.send(*quote_notice(record))
            self.approvals.mark_announced(record)
        return record


@lambda_handler
def handler(event: State, _context: LambdaContext) -> None:
    """Begin one wait of the state Approve, which lasts until its token is used.

    At its time-out Submit looks at the job, too: the wait goes on, or the job ends.
    """
    job = read_job(event["job"])
    now = clock.now()

    with telemetry.count_errors(job):
        record = ApprovalWait(
            job=job,
            job_store=JobStore.from_environment(),
            approvals=Approvals.from_environment(),
            waits=ApprovalWaits.from_environment(),
            notifier=Notifier.from_environment(),
            now=now,
        ).begin(event["token"])

    telemetry.logger.info(
        "waits for approval" if record.awaits_approval else "approved before the wait",
        reason=record.approve_reason,
        values=record.approve_values,
    )
    if record.awaits_approval:
        telemetry.measure({Metric.APPROVAL_WAIT_SECONDS: now - record.quoted_at}, job)
