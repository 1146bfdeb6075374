"""Idempotency keys: remember which request used a key first.

They are items of the waits table, under a prefix of their own: in the jobs table each
would look like a job.
"""

from typing import TYPE_CHECKING, Self

from functions.aws import clients
from functions.aws.dynamodb import DynamoTable
from functions.aws.settings import function_settings
from functions.core import identity
from functions.core.keys import (
    ENV_JOBS_RETENTION_DAYS,
    ENV_WAITS_TABLE,
    IDEMPOTENCY_ITEM_PREFIX,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class IdempotencyKeys:
    """The keys of requests; each stays as long as the item of a job."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", keep_days: int
    ) -> None:
        self._table = DynamoTable(table, dynamodb=dynamodb, key="wait_id")
        self._keep_seconds = keep_days * 86_400

    @classmethod
    def from_environment(cls) -> Self:
        """Return the keys in the table that this function's environment names."""
        settings = function_settings(ENV_WAITS_TABLE, ENV_JOBS_RETENTION_DAYS)
        return cls(
            settings.waits_table,
            dynamodb=clients.dynamodb(),
            keep_days=settings.jobs_retention_days,
        )

    def use(self, caller: str, key: str, *, request_hash: str, now: float) -> str:
        """Use a key for a request; return the hash of the request that used it first.

        The item names neither the caller nor the key, only a hash of both.
        """
        item_key = f"{IDEMPOTENCY_ITEM_PREFIX}{identity.of_request(caller, key)}"
        written = self._table.update(
            item_key,
            {
                "request_hash": request_hash,
                "expires_at": int(now + self._keep_seconds),
            },
            condition="attribute_not_exists(wait_id)",
        )
        return str((written or self._table.get(item_key))["request_hash"])
