"""DynamoDB: read items of a table consistently, and write them under conditions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.aws.clients import error_code, translate_aws_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Value = str | int | float
Item = dict[str, str | float]


class DynamoTable:
    """A table with a partition key only; its values are texts and numbers."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", key: str = "job_id"
    ) -> None:
        self._table = table
        self._dynamodb = dynamodb
        self._key = key

    def get(self, key: str) -> Item:
        """Return an item by a consistent read; empty where there is none."""
        with translate_aws_errors("read a table"):
            response = self._dynamodb.get_item(
                TableName=self._table,
                Key={self._key: {"S": key}},
                ConsistentRead=True,
            )
        return from_attributes(response.get("Item", {}))

    def update(
        self,
        key: str,
        values: Mapping[str, Value],
        *,
        condition: str,
        set_if_absent: Mapping[str, Value] | None = None,
        remove: tuple[str, ...] = (),
        increment: Mapping[str, float] | None = None,
        condition_values: Mapping[str, Value] | None = None,
    ) -> Item | None:
        """Write attributes of an item and return the new item.

        Each written attribute can be named in the condition as `#name`, its new value
        as `:name`; `condition_values` are further ones, by their placeholders.

        Returns:
            The new item; None where the condition does not hold and nothing was
            written.
        """
        defaults = set_if_absent or {}
        steps = increment or {}
        sets = [f"#{name} = :{name}" for name in values]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in defaults]
        sets += [f"#{name} = #{name} + :{name}" for name in steps]
        expression = f"SET {', '.join(sets)}" if sets else ""
        if remove:
            expression += f" REMOVE {', '.join(f'#{name}' for name in remove)}"
        written = {**values, **defaults, **steps}
        placeholders = {f":{name}": value for name, value in written.items()}
        placeholders |= condition_values or {}
        with translate_aws_errors("write to a table"):
            try:
                response = self._dynamodb.update_item(
                    TableName=self._table,
                    Key={self._key: {"S": key}},
                    UpdateExpression=expression.strip(),
                    ConditionExpression=condition,
                    ExpressionAttributeNames={
                        f"#{name}": name for name in (*written, *remove)
                    },
                    ExpressionAttributeValues={
                        name: to_attribute(value)
                        for name, value in placeholders.items()
                    },
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if error_code(error) == "ConditionalCheckFailedException":
                    return None
                raise
        return from_attributes(response["Attributes"])


def to_attribute(value: Value) -> Any:  # noqa: ANN401 - DynamoDB's own form
    """Return a value in DynamoDB's JSON."""
    return {"S": value} if isinstance(value, str) else {"N": repr(value)}


def from_attributes(attributes: Mapping[str, Any]) -> Item:
    """Return an item from DynamoDB's JSON; its numbers become floats."""
    return {
        name: float(value["N"]) if "N" in value else str(value.get("S", ""))
        for name, value in attributes.items()
    }
