"""Approval waits: keep the tokens of executions that wait for an approval.

A token only ends the wait; that the job is approved, its item in the jobs table says.
"""

from functions.aws.waits_table import WaitsTable
from functions.core.keys import APPROVAL_ITEM_PREFIX
from functions.core.model import Job

#: A wait is shorter; its token is of no use after it.
_KEEP_SECONDS = 86_400


class ApprovalWaits(WaitsTable):
    """The tokens of executions that wait for the approval of their job."""

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
            self._resume(token, now)
