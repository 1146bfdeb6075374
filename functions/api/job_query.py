"""Listing: jobs newest first, from the index by month, a page at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import nextafter
from typing import TYPE_CHECKING, Any

from functions.api.cursor import Position
from functions.api.routes import RUNNING
from functions.aws.clients import translate_aws_errors
from functions.aws.dynamodb import Value, from_attributes, to_attribute
from functions.core.job_record import JobRecord, month_of
from functions.core.keys import JOBS_BY_MONTH

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: So many items one call reads in search of those that pass the filters.
_MAX_ITEMS_READ = 500
_DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class JobFilters:
    """Which jobs are asked for; an empty text asks for all."""

    outcome: str = ""
    provider: str = ""
    day: str = ""


@dataclass(frozen=True, kw_only=True)
class JobPage:
    """Some jobs, and where the list goes on if it does."""

    records: tuple[JobRecord, ...]
    next: Position | None


class JobQuery:
    """The index of the jobs table; nothing here ever scans the table."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", keep_days: int
    ) -> None:
        self._table = table
        self._dynamodb = dynamodb
        self._keep_days = keep_days

    def page(
        self, filters: JobFilters, *, start: Position | None, limit: int, now: float
    ) -> JobPage:
        """Read the page that begins at `start`, or at the newest job."""
        found: list[JobRecord] = []
        budget = limit if filters == JobFilters(day=filters.day) else _MAX_ITEMS_READ
        for month in self._months(filters, start, now):
            if not budget:
                return JobPage(records=tuple(found), next=Position(month=month))
            after = start if start and start.month == month else None
            answer = self._query(month, filters, after=after, most=budget)
            found += (
                JobRecord.from_item(from_attributes(item)) for item in answer["Items"]
            )
            if len(found) >= limit:
                last = found[limit - 1]
                return JobPage(records=tuple(found[:limit]), next=_after(last))
            if "LastEvaluatedKey" in answer:
                key = from_attributes(answer["LastEvaluatedKey"])
                return JobPage(records=tuple(found), next=_at(key))
            budget -= answer["ScannedCount"]
        return JobPage(records=tuple(found), next=None)

    def _months(
        self, filters: JobFilters, start: Position | None, now: float
    ) -> Iterator[str]:
        if filters.day:
            yield filters.day[: len("2026-11")]
            return
        month = min(start.month, month_of(now)) if start else month_of(now)
        oldest = month_of(now - self._keep_days * _DAY_SECONDS)
        while month >= oldest:
            yield month
            first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
            month = month_of((first - timedelta(days=1)).timestamp())

    def _query(
        self, month: str, filters: JobFilters, *, after: Position | None, most: int
    ) -> Mapping[str, Any]:
        values: dict[str, Value] = {":month": month}
        within = "#month = :month"
        if filters.day:
            within += " AND received_at BETWEEN :first AND :last"
            values |= _bounds(filters.day)
        conditions = []
        if filters.outcome == RUNNING:
            conditions.append("attribute_not_exists(outcome)")
        elif filters.outcome:
            conditions.append("outcome = :outcome")
            values[":outcome"] = filters.outcome
        if filters.provider:
            conditions.append("provider = :provider")
            values[":provider"] = filters.provider
        optional: dict[str, Any] = {}
        if conditions:
            optional["FilterExpression"] = " AND ".join(conditions)
        if after and after.job_id:
            optional["ExclusiveStartKey"] = {
                "month": to_attribute(after.month),
                "received_at": to_attribute(after.received_at),
                "job_id": to_attribute(after.job_id),
            }
        with translate_aws_errors("list jobs"):
            return self._dynamodb.query(
                TableName=self._table,
                IndexName=JOBS_BY_MONTH,
                KeyConditionExpression=within,
                ExpressionAttributeNames={"#month": "month"},
                ExpressionAttributeValues={
                    n: to_attribute(v) for n, v in values.items()
                },
                ScanIndexForward=False,
                Limit=most,
                **optional,
            )


def _bounds(day: str) -> dict[str, Value]:
    first = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    return {":first": first, ":last": nextafter(first + _DAY_SECONDS, first)}


def _after(record: JobRecord) -> Position:
    return Position(
        month=month_of(record.received_at),
        received_at=record.received_at,
        job_id=record.job_id,
    )


def _at(key: Mapping[str, str | float]) -> Position:
    return Position(
        month=str(key["month"]),
        received_at=float(key["received_at"]),
        job_id=str(key["job_id"]),
    )
