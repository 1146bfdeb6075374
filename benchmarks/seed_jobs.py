"""Seed jobs: create a jobs table with many jobs, to measure lists and reads."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from functions.aws.dynamodb import to_attribute
from functions.core.job_record import month_of
from functions.core.keys import JOBS_BY_MONTH

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: When the newest job was received, and the seconds from each job to the next.
NOW = 1_795_000_000.0
INTERVAL_SECONDS = 480.0
#: Every thousandth job failed; the others succeeded, and the newest is running.
FAILED_EVERY = 1000


def create_jobs(dynamodb: "DynamoDBClient", table: str, *, count: int) -> None:
    """Create a table like that of the stack, with `count` jobs."""
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
        batch = items[start : start + 25]
        puts: Any = [{"PutRequest": {"Item": item}} for item in batch]
        dynamodb.batch_write_item(RequestItems={table: puts})


def job_id(number: int) -> str:
    """Return the id of a job; number 0 is the newest."""
    return f"{number:064x}"


def _items(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        received_at = NOW - INTERVAL_SECONDS * number
        job: dict[str, Any] = {
            "job_id": job_id(number),
            "provider": "ipqs",
            "type": "email",
            "received_at": received_at,
            "month": month_of(received_at),
        }
        if number:
            job["outcome"] = "succeeded" if number % FAILED_EVERY else "failed"
        yield {name: to_attribute(value) for name, value in job.items()}
