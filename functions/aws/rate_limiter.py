"""Rate limiter: space the submissions to a provider so that they respect its limit.

An item of the waits table holds the time of the next free slot. Reserving a slot moves
it on by one interval in one conditional write; a slot that nobody uses is lost.
"""

from typing import TYPE_CHECKING, Self

from functions.aws import clients
from functions.aws.dynamodb import DynamoTable
from functions.aws.settings import function_settings, provider_settings
from functions.core.errors import AwsUnavailable
from functions.core.keys import ENV_WAITS_TABLE, RATE_LIMIT_ITEM_PREFIX
from functions.core.rate_limit import RateLimit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 5


class RateLimiter:
    """The submission slots of one provider."""

    def __init__(
        self, table: str, provider: str, *, limit: RateLimit, dynamodb: "DynamoDBClient"
    ) -> None:
        self.limit = limit
        self._key = f"{RATE_LIMIT_ITEM_PREFIX}{provider}"
        self._table = DynamoTable(table, dynamodb=dynamodb, key="wait_id")

    @classmethod
    def from_environment(cls, provider: str) -> Self | None:
        """Return the limiter of a provider; None where its rate is not limited."""
        limit = provider_settings(provider).rate
        if limit is None:
            return None
        table = function_settings(ENV_WAITS_TABLE).waits_table
        return cls(table, provider, limit=limit, dynamodb=clients.dynamodb())

    def reserve(self, *, now: float) -> float:
        """Reserve a slot; return the time, in Unix seconds, from which to use it.

        Raises:
            AwsUnavailable: At each try, another call reserved a slot first.
        """
        interval = self.limit.interval
        for _ in range(_TRIES):
            queued = self._table.update(
                self._key,
                {},
                increment={"next_at": interval},
                condition="#next_at >= :now",
                condition_values={":now": now},
            )
            if queued is not None:
                return float(queued["next_at"]) - interval
            first = self._table.update(
                self._key,
                {"next_at": now + interval},
                condition="attribute_not_exists(#next_at) OR #next_at < :now",
                condition_values={":now": now},
            )
            if first is not None:
                return now
        raise AwsUnavailable("the provider's next slot was moved at every try")
