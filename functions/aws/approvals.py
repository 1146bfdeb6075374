"""Approvals: record that a job waits for a person, and that a person has approved it.

The job's item decides: Submit reads it, whatever has ended the wait.
"""

from typing import TYPE_CHECKING

from functions.aws.job_items import RUNNING, JobsTable
from functions.core.job_record import JobRecord
from functions.core.model import Job, Phase

if TYPE_CHECKING:
    from functions.core.approval import Approval


class Approvals(JobsTable):
    """The jobs that wait for approval, and those that have it."""

    def ask(self, job: Job, approval: "Approval") -> None:
        """Record that a job waits, unless it has ended, or has this approval already.

        What a person has approved for as many values needs no second approval.
        """
        self._table.update(
            job.job_id,
            {
                "phase": str(Phase.QUOTED),
                "quoted_at": approval.since,
                "approve_until": approval.until,
                "approve_reason": str(approval.reason),
                "approve_values": approval.values,
            },
            condition=f"{RUNNING} AND (attribute_not_exists(approved_values) "
            "OR approved_values < :approve_values)",
            condition_values={":attempt": job.attempt},
        )

    def approve(self, record: JobRecord, *, now: float) -> JobRecord:
        """Record the approval of a job, if it still waits; return what is recorded."""
        written = self._table.update(
            record.job_id,
            {
                "phase": str(Phase.QUEUED),
                "approved_at": now,
                "approved_values": record.approve_values,
                "resumed_at": now,
            },
            remove=("approve_until",),
            condition=f"{RUNNING} AND approve_until > :approved_at "
            "AND approve_values = :approved_values",
            condition_values={":attempt": record.attempt},
        )
        return JobRecord.from_item(written or self._table.get(record.job_id))

    def mark_announced(self, record: JobRecord) -> None:
        """Record that the quote of this attempt was announced."""
        self._table.update(
            record.job_id,
            {"quote_told": record.attempt},
            condition="attribute_exists(job_id)",
        )
