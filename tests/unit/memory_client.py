"""Memory client: answer the calls of a boto3 client from an AWS service in memory."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from functions.aws.dynamodb import Item, from_attributes, to_attribute
from tests.world.memory_aws.dynamodb import DynamoDb, Table
from tests.world.memory_aws.errors import ServiceError
from tests.world.memory_aws.hook import client_error
from tests.world.memory_aws.service import Service, snake_case


class MemoryClient:
    """A client of one service; `calls` are its operations, and `sent` their parameters.

    `before` is called before each operation, and may raise, or write as another client;
    `after` is called after it, and may raise, too: its answer is lost then.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.calls: list[str] = []
        self.sent: list[Mapping[str, Any]] = []
        self.before: Callable[[str], None] = lambda _operation: None
        self.after: Callable[[str], None] = lambda _operation: None

    def __getattr__(self, name: str) -> Callable[..., Mapping[str, Any]]:
        operation = "".join(part.capitalize() for part in name.split("_"))
        if snake_case(operation) != name:
            raise AttributeError(name)
        return partial(self._call, operation)

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's
        self.calls.append(operation)
        self.sent.append(parameters)
        self.before(operation)
        try:
            answer = self._service.call(operation, parameters)
        except ServiceError as error:
            refusal = client_error(error.code, error.status, operation)
            refusal.response.update(error.members)  # type: ignore[typeddict-item]  # of this operation
            raise refusal from None
        self.after(operation)
        return answer


class MemoryTable:
    """A DynamoDB table in memory, and the client that reaches it."""

    name = "table"

    def __init__(self, *, key: str) -> None:
        self._key = key
        self._table = Table(key)
        self.client: Any = MemoryClient(DynamoDb({self.name: self._table}))

    def item(self, key: str) -> Item:
        """Return an item without its key; empty where there is none."""
        item = from_attributes(self._table.items.get(key, {}))
        item.pop(self._key, None)
        return item

    def put(self, key: str, /, **values: str | float) -> None:
        """Write an item."""
        self._table.items[key] = {
            name: to_attribute(value)
            for name, value in {self._key: key, **values}.items()
        }
