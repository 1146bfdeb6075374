"""Service: declare the operations and parameters that an in-memory service knows."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from tests.world.memory_aws.errors import NotModelled

#: The parameters of a call as a boto3 user passes them.
Parameters = Mapping[str, Any]
_F = TypeVar("_F", bound=Callable[..., Any])


def operation(*parameters: str) -> Callable[[_F], _F]:
    """Declare a method as an operation with the only parameters that it takes."""

    def declare(method: _F) -> _F:
        method.parameters = frozenset(parameters)  # type: ignore[attr-defined]  # read by `call`
        return method

    return declare


class Service:
    """One AWS service; the methods that `operation` declares are its operations."""

    name: ClassVar[str]

    def call(self, operation_name: str, parameters: Parameters) -> Mapping[str, Any]:
        """Carry out an operation that is named as in AWS' documentation.

        Raises:
            ServiceError: The service refuses the call.
            NotModelled: The operation or a parameter is not known here.
        """
        method = getattr(self, snake_case(operation_name), None)
        known: frozenset[str] | None = getattr(method, "parameters", None)
        if method is None or known is None:
            raise NotModelled(f"{self.name}.{operation_name}")
        if unknown := parameters.keys() - known:
            raise NotModelled(f"{self.name}.{operation_name} with {sorted(unknown)}")
        response: Mapping[str, Any] = method(parameters)
        return response


def snake_case(name: str) -> str:
    """Return a name such as `GetItem` as `get_item`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
