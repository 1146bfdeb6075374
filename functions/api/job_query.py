"""Job query: list jobs by filters, newest first, a page at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import nextafter
from typing import TYPE_CHECKING, Any

from functions.api import problems
from functions.api.cursor import Position
from functions.api.problems import Problem
from functions.api.routes import RUNNING
from functions.aws.clients import translate_aws_errors
from functions.aws.dynamodb import Value, from_attributes, to_attribute
from functions.core.identity import is_job_id
from functions.core.job_record import JobRecord, month_of
from functions.core.keys import JOBS_BY_MONTH

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: The most items that one page reads in search of jobs that pass the filters.
_MAX_ITEMS_READ = 500
#: The most jobs among which one is looked for by the first digits of its id.
MAX_JOBS_SEARCHED = 10_000
#: No two of all jobs that there will ever be have so many digits in common.
_UNIQUE_DIGITS = 12
_DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class JobFilters:
    """Filters of a list of jobs; an empty text selects all."""

    outcome: str = ""
    provider: str = ""
    day: str = ""


@dataclass(frozen=True, kw_only=True)
class JobPage:
    """Some jobs, and the position of the next page if there is one."""

    records: tuple[JobRecord, ...]
    next: Position | None


class JobQuery:
    """Queries of the jobs table's index by month; the table is never scanned."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", keep_days: int
    ) -> None:
        self._table = table
        self._dynamodb = dynamodb
        self._keep_days = keep_days

    def page(
        self, filters: JobFilters, *, start: Position | None, limit: int, now: float
    ) -> JobPage:
        """Return the page after `start`; without a start, that of the newest jobs."""
        records: list[JobRecord] = []
        budget = limit if filters == JobFilters(day=filters.day) else _MAX_ITEMS_READ
        for month in self._months(filters, start, now):
            if not budget:
                return JobPage(records=tuple(records), next=Position(month=month))
            after = start if start and start.month == month else None
            response = self._query(month, filters, after=after, limit=budget)
            found = (
                JobRecord.from_item(from_attributes(item)) for item in response["Items"]
            )
            # 0.1.0 gave a month to a request that was cancelled like a job.
            records += (record for record in found if not record.is_batch_request)
            if len(records) >= limit:
                last = records[limit - 1]
                position = Position(
                    month=month_of(last.received_at),
                    received_at=last.received_at,
                    job_id=last.job_id,
                )
                return JobPage(records=tuple(records[:limit]), next=position)
            if next_position := _position_after(response):
                return JobPage(records=tuple(records), next=next_position)
            budget -= response["ScannedCount"]
        return JobPage(records=tuple(records), next=None)

    def whole_id(self, job_id: str, *, now: float) -> str:
        """Return a job's id, which may be given by its first digits.

        Raises:
            Problem: None of the newest jobs begins with the digits, or several do.
        """
        if is_job_id(job_id):
            return job_id
        found = self.find(job_id, now=now)
        if not found:
            detail = f"None of the newest {MAX_JOBS_SEARCHED:,} begins with the digits."
            raise Problem(problems.JOB_NOT_FOUND, detail)
        if len(found) > 1:
            raise Problem(problems.JOB_ID_AMBIGUOUS, f"Such as {' and '.join(found)}.")
        return found[0]

    def find(self, prefix: str, *, now: float) -> tuple[str, ...]:
        """Return the ids that begin with a prefix, two at most, of the newest jobs.

        The index is not sorted by ids, so that this reads up to 10,000 jobs, which
        takes a second; of a prefix that tables show it reads only the newer ones.
        """
        found: list[str] = []
        budget = MAX_JOBS_SEARCHED
        for month in self._months(JobFilters(), None, now):
            after: Position | None = Position(month=month)
            while after and budget:
                response = self._query(
                    month,
                    JobFilters(),
                    after=after,
                    limit=budget,
                    ProjectionExpression="job_id",
                )
                ids = [item["job_id"]["S"] for item in response["Items"]]
                found += [job_id for job_id in ids if job_id.startswith(prefix)]
                if len(found) > 1 or (found and len(prefix) >= _UNIQUE_DIGITS):
                    return tuple(found[:2])
                budget -= response["ScannedCount"]
                after = _position_after(response)
        return tuple(found)

    def _months(
        self, filters: JobFilters, start: Position | None, now: float
    ) -> Iterator[str]:
        if filters.day:
            yield filters.day[: len("YYYY-MM")]
            return
        month = min(start.month, month_of(now)) if start else month_of(now)
        oldest = month_of(now - self._keep_days * _DAY_SECONDS)
        while month >= oldest:
            yield month
            first_day = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
            month = month_of((first_day - timedelta(days=1)).timestamp())

    def _query(
        self,
        month: str,
        filters: JobFilters,
        *,
        after: Position | None,
        limit: int,
        **optional: Any,  # noqa: ANN401 - parameters of DynamoDB
    ) -> Mapping[str, Any]:
        values: dict[str, Value] = {":month": month}
        key_condition = "#month = :month"
        if filters.day:
            key_condition += " AND received_at BETWEEN :first AND :last"
            day = datetime.fromisoformat(filters.day).replace(tzinfo=UTC)
            first = day.timestamp()
            # BETWEEN includes its upper bound, so this is just before the next day.
            last = nextafter(first + _DAY_SECONDS, first)
            values |= {":first": first, ":last": last}
        conditions = []
        if filters.outcome == RUNNING:
            conditions.append("attribute_not_exists(outcome)")
        elif filters.outcome:
            conditions.append("outcome = :outcome")
            values[":outcome"] = filters.outcome
        if filters.provider:
            conditions.append("provider = :provider")
            values[":provider"] = filters.provider
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
                KeyConditionExpression=key_condition,
                ExpressionAttributeNames={"#month": "month"},
                ExpressionAttributeValues={
                    name: to_attribute(value) for name, value in values.items()
                },
                ScanIndexForward=False,
                Limit=limit,
                **optional,
            )


def _position_after(response: Mapping[str, Any]) -> Position | None:
    """Return where a query goes on; None if it has read all of its month."""
    if "LastEvaluatedKey" not in response:
        return None
    key = from_attributes(response["LastEvaluatedKey"])
    return Position(
        month=str(key["month"]),
        received_at=float(key["received_at"]),
        job_id=str(key["job_id"]),
    )
