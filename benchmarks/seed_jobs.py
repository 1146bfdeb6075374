"""Crowd: a jobs table with many jobs in it, to see what lists and looks cost."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from functions.aws.dynamodb import to_attribute
from functions.core.job_record import month_of
from functions.core.keys import JOBS_BY_MONTH

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: When the newest job was received; each other one `EVERY` seconds before.
NOW = 1_795_000_000.0
EVERY = 480.0
#: Every job of this number failed; the others are well, and the newest still runs.
FAILED = 1000


def gather(dynamodb: "DynamoDBClient", table: str, *, count: int) -> None:
    """Make a table like that of the stack, with so many jobs."""
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "job_id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "job_id", "AttributeType": "S"},
            {"AttributeName": "month", "AttributeType": "S"},
            {"AttributeName": "received_at", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": JOBS_BY_MONTH,
                "KeySchema": [
                    {"AttributeName": "month", "KeyType": "HASH"},
                    {"AttributeName": "received_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    items = list(_items(count))
    for start in range(0, count, 25):
        puts: Any = [{"PutRequest": {"Item": i}} for i in items[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={table: puts})


def id_of(number: int) -> str:
    """Give the id of a job, the newest being 0."""
    return f"{number:064x}"


def _items(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        received_at = NOW - EVERY * number
        job: dict[str, Any] = {
            "job_id": id_of(number),
            "provider": "ipqs",
            "type": "email",
            "received_at": received_at,
            "month": month_of(received_at),
        }
        if number:
            job["outcome"] = "succeeded" if number % FAILED else "failed"
        yield {name: to_attribute(value) for name, value in job.items()}
