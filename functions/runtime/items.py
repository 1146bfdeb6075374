"""Items: the jobs table's own calls, each write under a condition."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.runtime.aws import code_of, in_our_words

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Value = str | int | float
Item = dict[str, str | float]


class Items:
    """The items of one table, by `job_id`; values are texts and numbers."""

    def __init__(self, table: str, *, dynamodb: "DynamoDBClient") -> None:
        self._table = table
        self._dynamodb = dynamodb

    def get(self, job_id: str) -> Item:
        """Read an item as it is now; nothing is an empty one."""
        with in_our_words("read the jobs table"):
            answer = self._dynamodb.get_item(
                TableName=self._table,
                Key={"job_id": {"S": job_id}},
                ConsistentRead=True,
            )
        return plain(answer.get("Item", {}))

    def update(
        self,
        job_id: str,
        values: Mapping[str, Value],
        *,
        condition: str,
        once: Mapping[str, Value] | None = None,
        remove: tuple[str, ...] = (),
        known: Mapping[str, Value] | None = None,
    ) -> Item | None:
        """Write, and give the item as it is then; None where the condition fails.

        `once` is written only where there is nothing yet; `known` are values that
        the condition names and that are not written.
        """
        first = once or {}
        sets = [f"#{name} = :{name}" for name in values]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in first]
        expression = f"SET {', '.join(sets)}" if sets else ""
        if remove:
            expression += f" REMOVE {', '.join(f'#{name}' for name in remove)}"
        bound = {f":{name}": value for name, value in {**values, **first}.items()}
        names = {f"#{name}": name for name in (*values, *first, *remove)}
        try:
            with in_our_words("write to the jobs table"):
                answer = self._write(
                    job_id, expression, condition, names, {**bound, **(known or {})}
                )
        except _ConditionFailed:
            return None
        return plain(answer)

    def _write(
        self,
        job_id: str,
        expression: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Value],
    ) -> Mapping[str, Any]:
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key={"job_id": {"S": job_id}},
                UpdateExpression=expression.strip(),
                ConditionExpression=condition,
                ExpressionAttributeNames=dict(names),
                ExpressionAttributeValues={
                    name: typed(value) for name, value in values.items()
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                raise _ConditionFailed from None
            raise
        return answer["Attributes"]


class _ConditionFailed(Exception):
    """Somebody else wrote first."""


def typed(value: Value) -> Any:  # noqa: ANN401 - DynamoDB's own form
    """Write a value as DynamoDB does."""
    return {"S": value} if isinstance(value, str) else {"N": repr(value)}


def plain(item: Mapping[str, Any]) -> Item:
    """Read an item that DynamoDB wrote; its numbers become floats."""
    return {
        name: float(value["N"]) if "N" in value else str(value.get("S", ""))
        for name, value in item.items()
    }
