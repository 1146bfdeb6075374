"""Approval waits: keep the tokens of executions that wait for an approval.

A token only ends the wait; that the job is approved, its item in the jobs table says.
"""

from typing import TYPE_CHECKING, Self

from functions.aws import clients
from functions.aws.callbacks import resume
from functions.aws.dynamodb import DynamoTable
from functions.aws.settings import function_settings
from functions.core.keys import APPROVAL_ITEM_PREFIX, ENV_WAITS_TABLE
from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

#: A wait is shorter; its token is of no use after it.
_KEEP_SECONDS = 86_400


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
