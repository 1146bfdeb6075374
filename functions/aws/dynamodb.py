"""Items: a table's own calls, each write under a condition."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.aws.clients import error_code, translate_aws_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Value = str | int | float
Item = dict[str, str | float]


class DynamoTable:
    """The items of one table, by its key; values are texts and numbers."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", key: str = "job_id"
    ) -> None:
        self._table = table
        self._dynamodb = dynamodb
        self._key = key

    def get(self, name: str) -> Item:
        """Read an item as it is now; nothing is an empty one."""
        with translate_aws_errors("read a table"):
            answer = self._dynamodb.get_item(
                TableName=self._table,
                Key={self._key: {"S": name}},
                ConsistentRead=True,
            )
        return from_attributes(answer.get("Item", {}))

    def update(
        self,
        name: str,
        values: Mapping[str, Value],
        *,
        condition: str,
        set_if_absent: Mapping[str, Value] | None = None,
        remove: tuple[str, ...] = (),
        increment: Mapping[str, float] | None = None,
        condition_values: Mapping[str, Value] | None = None,
    ) -> Item | None:
        """Write, and give the item as it is then; None where the condition fails.

        `once` is written only where there is nothing yet, `added` is added to what
        is there; `known` are values that the condition names and that are not written.
        """
        first = set_if_absent or {}
        more = increment or {}
        sets = [f"#{one} = :{one}" for one in values]
        sets += [f"#{one} = if_not_exists(#{one}, :{one})" for one in first]
        sets += [f"#{one} = #{one} + :{one}" for one in more]
        expression = f"SET {', '.join(sets)}" if sets else ""
        if remove:
            expression += f" REMOVE {', '.join(f'#{one}' for one in remove)}"
        bound = {f":{one}": value for one, value in {**values, **first, **more}.items()}
        names = {f"#{one}": one for one in (*values, *first, *more, *remove)}
        try:
            with translate_aws_errors("write to a table"):
                answer = self._write(
                    name,
                    expression,
                    condition,
                    names,
                    {**bound, **(condition_values or {})},
                )
        except _ConditionFailed:
            return None
        return from_attributes(answer)

    def _write(
        self,
        name: str,
        expression: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Value],
    ) -> Mapping[str, Any]:
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key={self._key: {"S": name}},
                UpdateExpression=expression.strip(),
                ConditionExpression=condition,
                ExpressionAttributeNames=dict(names),
                ExpressionAttributeValues={
                    name: to_attribute(value) for name, value in values.items()
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise _ConditionFailed from None
            raise
        return answer["Attributes"]


class _ConditionFailed(Exception):
    """Somebody else wrote first."""


def to_attribute(value: Value) -> Any:  # noqa: ANN401 - DynamoDB's own form
    """Write a value as DynamoDB does."""
    return {"S": value} if isinstance(value, str) else {"N": repr(value)}


def from_attributes(item: Mapping[str, Any]) -> Item:
    """Read an item that DynamoDB wrote; its numbers become floats."""
    return {
        name: float(value["N"]) if "N" in value else str(value.get("S", ""))
        for name, value in item.items()
    }
