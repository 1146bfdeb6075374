"""Approvals: record that a job waits for a person, and that a person has approved it.

The job's item of the jobs table decides. An item of the waits table has the token of
the wait, which only ends the wait: whatever ends it, Submit reads the job's item.
"""

from typing import TYPE_CHECKING, Self

from functions.aws import clients
from functions.aws.callbacks import resume
from functions.aws.dynamodb import DynamoTable
from functions.aws.job_items import RUNNING, JobsTable
from functions.aws.settings import function_settings
from functions.core.approval import Approval
from functions.core.job_record import JobRecord
from functions.core.keys import APPROVAL_ITEM_PREFIX, ENV_WAITS_TABLE
from functions.core.model import Job, Phase

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

#: A wait is shorter; its token is of no use after it.
_KEEP_SECONDS = 86_400


class Approvals(JobsTable):
    """The jobs that wait for approval, and those that have it."""

    def ask(self, job: Job, approval: Approval) -> None:
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


class ApprovalWaits:
    """The tokens of executions that wait for the approval of their job."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", step_functions: "SFNClient"
    ) -> None:
        self._table = DynamoTable(table, dynamodb=dynamodb, key="wait_id")
        self._step_functions = step_functions

    @classmethod
    def from_environment(cls) -> Self:
        """Return the waits in the table that this function's environment names."""
        return cls(
            function_settings(ENV_WAITS_TABLE).waits_table,
            dynamodb=clients.dynamodb(),
            step_functions=clients.step_functions(),
        )

    def register(self, job: Job, token: str, *, now: float) -> None:
        """Store the token of a wait that begins, in place of that of an earlier one."""
        self._table.update(
            f"{APPROVAL_ITEM_PREFIX}{job.job_id}",
            {"token": token, "expires_at": int(now + _KEEP_SECONDS)},
            condition="attribute_not_exists(wait_id) OR attribute_exists(wait_id)",
        )

    def end(self, job_id: str, *, now: float) -> None:
        """End the wait of a job, if there is one.

        A wait that begins meanwhile looks at the job by itself.
        """
        item = self._table.get(f"{APPROVAL_ITEM_PREFIX}{job_id}")
        if token := str(item.get("token", "")):
            resume(self._step_functions, token, now)
