"""Waits table: keep the task tokens of executions that wait, and end their waits."""

import json
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from functions.aws import clients
from functions.aws.clients import error_code, translate_aws_errors
from functions.aws.dynamodb import DynamoTable
from functions.aws.settings import function_settings
from functions.core.keys import ENV_WAITS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

#: Error codes of Step Functions for a wait, or an execution, that is over.
_OVER = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}


class WaitsTable:
    """The table, and Step Functions, which takes the tokens back.

    A token ends its wait and nothing else: the next wait overwrites it, it is never
    logged, and the table is encrypted with the stack's key.
    """

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", step_functions: "SFNClient"
    ) -> None:
        self._table = DynamoTable(table, dynamodb=dynamodb, key="wait_id")
        self._step_functions = step_functions

    @classmethod
    def from_environment(cls) -> Self:
        """Return the table that this function's environment names."""
        return cls(
            function_settings(ENV_WAITS_TABLE).waits_table,
            dynamodb=clients.dynamodb(),
            step_functions=clients.step_functions(),
        )

    def _resume(self, token: str, ended_at: float) -> bool:
        """End the wait of a token; return False if it is over already."""
        with translate_aws_errors("end a wait"):
            try:
                self._step_functions.send_task_success(
                    taskToken=token, output=json.dumps(ended_at)
                )
            except ClientError as error:
                if error_code(error) in _OVER:
                    return False
                raise
        return True
