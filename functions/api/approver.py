"""Approver: approve the quote of a job that waits, so that it is sent and paid for."""

from dataclasses import dataclass

from functions.api import problems
from functions.api.problems import Problem
from functions.aws.approval_waits import ApprovalWaits
from functions.aws.approvals import Approvals
from functions.core.job_record import JobRecord


@dataclass(frozen=True, kw_only=True)
class Approver:
    """Records approvals, and ends the waits of their jobs."""

    approvals: Approvals
    waits: ApprovalWaits

    def approve(self, record: JobRecord, *, now: float) -> JobRecord:
        """Approve a job, and return its record; again, it changes nothing.

        The approval is recorded before the wait is ended. If that fails here, a
        repeated request does it, or else the execution looks within an hour.

        Raises:
            Problem: The job does not wait for approval, and did not get one before.
        """
        if record.awaits_approval:
            record = self.approvals.approve(record, now=now)
        if record.awaits_approval or not record.approved_at:
            raise Problem(problems.JOB_NOT_QUOTED)
        self.waits.end(record.job_id, now=now)
        return record
