"""Check spacing: let people ask for a check of a job only so often.

An item of the waits table holds the time from which somebody may ask again.
"""

from typing import TYPE_CHECKING, Self

from functions.aws import clients
from functions.aws.dynamodb import DynamoTable
from functions.aws.settings import function_settings
from functions.core.keys import CHECK_ITEM_PREFIX, ENV_WAITS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: The least time between two checks of a job that people ask for.
SPACING_SECONDS = 30.0
_KEEP_SECONDS = 3600


class CheckSpacing:
    """The times from which jobs may be asked about again."""

    def __init__(self, table: str, *, dynamodb: "DynamoDBClient") -> None:
        self._table = DynamoTable(table, dynamodb=dynamodb, key="wait_id")

    @classmethod
    def from_environment(cls) -> Self:
        """Return the times in the table that this function's environment names."""
        table = function_settings(ENV_WAITS_TABLE).waits_table
        return cls(table, dynamodb=clients.dynamodb())

    def claim(self, job_id: str, *, now: float) -> float:
        """Claim a check of a job; return 0, or for how long nobody gets another one.

        Of several that claim at once, one gets it.
        """
        key = f"{CHECK_ITEM_PREFIX}{job_id}"
        next_at = now + SPACING_SECONDS
        claimed = self._table.update(
            key,
            {"next_at": next_at, "expires_at": int(next_at + _KEEP_SECONDS)},
            condition="attribute_not_exists(#next_at) OR #next_at <= :now",
            condition_values={":now": now},
        )
        if claimed is not None:
            return 0.0
        return max(1.0, float(self._table.get(key).get("next_at", now)) - now)

    def put_off(self, job_id: str, *, until: float) -> None:
        """Refuse checks of a job until a later time, as its provider asks for."""
        self._table.update(
            f"{CHECK_ITEM_PREFIX}{job_id}",
            {"next_at": until, "expires_at": int(until + _KEEP_SECONDS)},
            condition="attribute_not_exists(#next_at) OR #next_at < :next_at",
        )
