"""Lists of jobs cost what they show, however many jobs there are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import seed_jobs
from functions.api.job_query import JobFilters, JobQuery
from functions.core.model import Outcome
from local.stack import LocalStack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_JOBS = 10_000
_A_DAY = int(86_400 // seed_jobs.INTERVAL_SECONDS)


class Meter:
    """Counts the capacity that a client's reads take."""

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        self.units: list[float] = []
        self.scanned = 0
        events = dynamodb.meta.events
        events.register("before-parameter-build.dynamodb.Query", _ask)
        events.register("after-call.dynamodb.Query", self._note)

    def _note(self, parsed: dict[str, Any], **_: object) -> None:
        self.units.append(parsed["ConsumedCapacity"]["CapacityUnits"])
        self.scanned += parsed["ScannedCount"]


def _ask(params: dict[str, Any], **_: object) -> None:
    params["ReturnConsumedCapacity"] = "TOTAL"


@pytest.fixture(scope="module")
def dynamodb(stack: LocalStack) -> "DynamoDBClient":
    """Give a client of a DynamoDB that holds ten thousand jobs."""
    client: DynamoDBClient = stack.emulator.client("dynamodb")
    seed_jobs.create_jobs(client, "many", count=_JOBS)
    return client


@pytest.fixture
def meter(dynamodb: "DynamoDBClient") -> Iterator[Meter]:
    """Count what a test reads."""
    meter = Meter(dynamodb)
    yield meter
    dynamodb.meta.events.unregister("after-call.dynamodb.Query", meter._note)


def listing(dynamodb: "DynamoDBClient") -> JobQuery:
    """Give the listing of the table with many jobs."""
    return JobQuery("many", dynamodb=dynamodb, keep_days=90)


def test_a_page_reads_a_page(dynamodb: "DynamoDBClient", meter: Meter) -> None:
    """Ten thousand jobs in the table, fifty read: the rest costs nothing."""
    page = listing(dynamodb).page(JobFilters(), start=None, limit=50, now=seed_jobs.NOW)

    assert [int(record.job_id, 16) for record in page.records] == list(range(50))
    assert meter.scanned == 50
    assert len(meter.units) == 1
    # 50 items of less than 200 bytes, at half a unit for each 4 KiB begun.
    assert sum(meter.units) <= 2


def test_pages_follow_each_other_over_the_months(dynamodb: "DynamoDBClient") -> None:
    """No job twice and none left out, at the turn of a month either."""
    numbers: list[int] = []
    start = None
    while True:
        page = listing(dynamodb).page(
            JobFilters(), start=start, limit=100, now=seed_jobs.NOW
        )
        numbers += [int(record.job_id, 16) for record in page.records]
        start = page.next
        if start is None:
            break

    assert numbers == list(range(_JOBS))


def test_a_filter_looks_through_so_many_and_no_more(
    dynamodb: "DynamoDBClient", meter: Meter
) -> None:
    """One job in a thousand failed: the page says how to go on, and stops."""
    page = listing(dynamodb).page(
        JobFilters(outcome="failed"), start=None, limit=50, now=seed_jobs.NOW
    )

    assert not page.records
    assert page.next is not None
    assert meter.scanned == 500


def test_a_filter_finds_all_in_the_end(dynamodb: "DynamoDBClient") -> None:
    """Empty pages on the way are no end."""
    found: list[int] = []
    start = None
    while True:
        page = listing(dynamodb).page(
            JobFilters(outcome="failed"), start=start, limit=2, now=seed_jobs.NOW
        )
        assert {record.outcome for record in page.records} <= {Outcome.FAILED}
        found += [int(record.job_id, 16) for record in page.records]
        start = page.next
        if start is None:
            break

    assert found == list(range(1000, _JOBS, 1000))


def test_running_jobs_are_those_without_an_outcome(
    dynamodb: "DynamoDBClient",
) -> None:
    """Nothing is written for a job that runs, so its absence is the filter."""
    page = listing(dynamodb).page(
        JobFilters(outcome="running"), start=None, limit=50, now=seed_jobs.NOW
    )

    assert [int(record.job_id, 16) for record in page.records] == [0]


def test_a_day_is_that_day_in_utc(dynamodb: "DynamoDBClient", meter: Meter) -> None:
    """From midnight to midnight, the last millisecond included."""
    page = listing(dynamodb).page(
        JobFilters(day="2026-11-10"), start=None, limit=100, now=seed_jobs.NOW
    )
    rest = listing(dynamodb).page(
        JobFilters(day="2026-11-10"), start=page.next, limit=100, now=seed_jobs.NOW
    )

    assert len(page.records) + len(rest.records) == _A_DAY
    assert rest.next is None
    assert meter.scanned == _A_DAY
