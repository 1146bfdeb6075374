"""DynamoDB: read items of a table consistently, and write them under conditions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from functions.aws.clients import error_code, translate_aws_errors
from functions.core.errors import AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UpdateTypeDef

Value = str | int | float
Item = dict[str, str | float]

_CONDITION_FAILED = "ConditionalCheckFailed"
#: How often a transaction is tried that meets other writes to its items.
_TRIES = 5


class Update(NamedTuple):
    """An update of one item, in DynamoDB's own words; values by their placeholders."""

    key: str
    expression: str
    values: Mapping[str, Value]
    condition: str = ""


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

    def update_all(self, *updates: Update) -> tuple[bool, ...]:
        """Carry out all of several updates, or none; return which conditions hold.

        Raises:
            AwsUnavailable: At each try, others wrote to the same items.
        """
        transaction: list[TransactWriteItemTypeDef] = []
        for update in updates:
            values = {name: to_attribute(v) for name, v in update.values.items()}
            each: UpdateTypeDef = {
                "TableName": self._table,
                "Key": {self._key: {"S": update.key}},
                "UpdateExpression": update.expression,
                "ExpressionAttributeValues": values,
            }
            if update.condition:
                each["ConditionExpression"] = update.condition
            transaction.append({"Update": each})
        for _ in range(_TRIES):
            with translate_aws_errors("write to a table"):
                try:
                    self._dynamodb.transact_write_items(TransactItems=transaction)
                except ClientError as error:
                    reasons = error.response.get("CancellationReasons") or []
                    codes = [reason.get("Code", "") for reason in reasons]
                    if not codes:
                        raise
                else:
                    return (True,) * len(updates)
            if _CONDITION_FAILED in codes:
                return tuple(code != _CONDITION_FAILED for code in codes)
        raise AwsUnavailable("other writes to the same items came first at every try")


def to_attribute(value: Value) -> Any:  # noqa: ANN401 - DynamoDB's own form
    """Return a value in DynamoDB's JSON."""
    return {"S": value} if isinstance(value, str) else {"N": repr(value)}


def from_attributes(attributes: Mapping[str, Any]) -> Item:
    """Return an item from DynamoDB's JSON; its numbers become floats."""
    return {
        name: float(value["N"]) if "N" in value else str(value.get("S", ""))
        for name, value in attributes.items()
    }
