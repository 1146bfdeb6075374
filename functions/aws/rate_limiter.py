"""Pace: one queue at each provider, so that all submissions together keep its rate.

An item holds from when the next submission may be made. Reserving moves it on by
one interval, in one conditional write; a slot that nobody uses is lost.
"""

from typing import TYPE_CHECKING

from functions.aws.dynamodb import DynamoTable
from functions.core.errors import AwsUnavailable
from functions.core.rate_limit import RateLimit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: How the names of its items begin.
PACE = "pace:"
_TRIES = 5


class RateLimiter:
    """The slots of one provider."""

    def __init__(
        self, table: str, provider: str, *, rate: RateLimit, dynamodb: "DynamoDBClient"
    ) -> None:
        self.limit = rate
        self._name = f"{PACE}{provider}"
        self._items = DynamoTable(table, dynamodb=dynamodb, key="wait_id")

    def reserve(self, *, now: float) -> float:
        """Give the moment from which one submission may be made."""
        interval = self.limit.interval
        for _ in range(_TRIES):
            behind = self._items.update(
                self._name,
                {},
                increment={"next_at": interval},
                condition="#next_at >= :now",
                condition_values={":now": now},
            )
            if behind is not None:
                return float(behind["next_at"]) - interval
            first = self._items.update(
                self._name,
                {"next_at": now + interval},
                condition="attribute_not_exists(#next_at) OR #next_at < :now",
                condition_values={":now": now},
            )
            if first is not None:
                return now
        raise AwsUnavailable("the queue at the provider moved again and again")
