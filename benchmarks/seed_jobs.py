"""Seed jobs: create a jobs table with many jobs, to measure lists and reads."""

import json
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
_VALUES = 1000


def create_jobs(
    dynamodb: "DynamoDBClient", table: str, *, count: int, whole: bool = False
) -> None:
    """Create a table like that of the stack, with `count` jobs.

    Only `whole` ones have all attributes, which ten times as many bytes take.
    """
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
    items = list(_items(count, whole=whole))
    for start in range(0, count, 25):
        batch = items[start : start + 25]
        puts: Any = [{"PutRequest": {"Item": item}} for item in batch]
        dynamodb.batch_write_item(RequestItems={table: puts})


def job_id(number: int) -> str:
    """Return the id of a job; number 0 is the newest."""
    return f"{number:064x}"


def _items(count: int, *, whole: bool) -> Iterator[dict[str, Any]]:
    for number in range(count):
        received_at = NOW - INTERVAL_SECONDS * number
        job = whole_job(number, received_at) if whole else _job(number, received_at)
        yield {name: to_attribute(value) for name, value in job.items()}


def whole_job(number: int, received_at: float) -> dict[str, str | float]:
    """Return all that is recorded of a list, as the steps record it."""
    id_ = job_id(number)
    prepared = {"key": f"batches/ipqs/{id_}/values.csv", "version_id": "v" * 32}
    numbers = {"records": _VALUES + 2, "blank": 1, "not_sent": 1, "sent": _VALUES}
    remarks = {"header": "E-mail", "notes": [], "uploads": 1, "aws_usd": 0.0042}
    forecast = {"seconds": 300, "low": 240, "high": 400, "jobs": 40}
    submission: dict[str, str | float] = {
        "bucket": "inbox",
        "key": f"ipqs/email/{id_[:8]}/customers.csv",
        "version_id": "v" * 32,
        "provider_ref": "R" * 20,
        "intent": "i" * 32,
        "intent_at": received_at + 4,
        "submitted_at": received_at + 5,
        "expires_at": received_at + 90 * 86_400,
        "phase": "running",
        "polls": 12,
        "failures": 0,
        "next_check_at": received_at + 120,
        "next_check_reason": "elapsed",
        "forecast": json.dumps(forecast),
        "rows": _VALUES,
        "distinct_rows": _VALUES,
        "execution": id_,
        "prepared": json.dumps({**prepared, **numbers}),
        "quote": json.dumps({**remarks, "credits_needed": _VALUES}),
        "name": "customers.csv",
        "label": "spring campaign",
    }
    if not number:
        return _job(number, received_at) | submission
    end: dict[str, str | float] = {
        "phase": "finished",
        "error": "",
        "advice": "",
        "manifest_key": f"results/{id_}/manifest.json",
        "error_key": "",
        "verdict": "complete",
        "bytes": 181_232,
        "invalid": 0,
        "finished_at": received_at + 300,
        "ended_at": received_at + 310,
    }
    return _job(number, received_at) | submission | end


def _job(number: int, received_at: float) -> dict[str, str | float]:
    job: dict[str, str | float] = {
        "job_id": job_id(number),
        "provider": "ipqs",
        "type": "email",
        "received_at": received_at,
        "month": month_of(received_at),
    }
    if number:
        job["outcome"] = "succeeded" if number % FAILED_EVERY else "failed"
    return job
