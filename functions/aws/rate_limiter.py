"""Pace: one queue at each provider, so that all submissions together keep its rate.

An item holds from when the next submission may be made. Reserving moves it on by
one interval, in one conditional write; a slot that nobody uses is lost.
"""

from typing import TYPE_CHECKING

from functions.aws.dynamodb import Items
from functions.core.errors import AwsUnavailable
from functions.core.rate_limit import Rate

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: How the names of its items begin.
PACE = "pace:"
_TRIES = 5


class Pace:
    """The slots of one provider."""

    def __init__(
        self, table: str, provider: str, *, rate: Rate, dynamodb: "DynamoDBClient"
    ) -> None:
        self.rate = rate
        self._name = f"{PACE}{provider}"
        self._items = Items(table, dynamodb=dynamodb, key="wait_id")

    def reserve(self, *, now: float) -> float:
        """Give the moment from which one submission may be made."""
        interval = self.rate.interval
        for _ in range(_TRIES):
            behind = self._items.update(
                self._name,
                {},
                added={"next_at": interval},
                condition="#next_at >= :now",
                known={":now": now},
            )
            if behind is not None:
                return float(behind["next_at"]) - interval
            first = self._items.update(
                self._name,
                {"next_at": now + interval},
                condition="attribute_not_exists(#next_at) OR #next_at < :now",
                known={":now": now},
            )
            if first is not None:
                return now
        raise AwsUnavailable("the queue at the provider moved again and again")
