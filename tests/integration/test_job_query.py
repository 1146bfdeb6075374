"""Job query: a page costs as much as the jobs on it, however many the table has."""

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
_JOBS_A_DAY = int(86_400 // seed_jobs.INTERVAL_SECONDS)


class CapacityMeter:
    """Counts the capacity units that a client's queries consume."""

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        self.units: list[float] = []
        self.scanned = 0
        events = dynamodb.meta.events
        events.register("before-parameter-build.dynamodb.Query", _request_capacity)
        events.register("after-call.dynamodb.Query", self.count)

    def count(self, parsed: dict[str, Any], **_: object) -> None:
        """Count what one query consumed, and how many items it read."""
        self.units.append(parsed["ConsumedCapacity"]["CapacityUnits"])
        self.scanned += parsed["ScannedCount"]


def _request_capacity(params: dict[str, Any], **_: object) -> None:
    params["ReturnConsumedCapacity"] = "TOTAL"


@pytest.fixture(scope="module")
def dynamodb(stack: LocalStack) -> "DynamoDBClient":
    """Return a client of a table with ten thousand jobs."""
    client: DynamoDBClient = stack.emulator.client("dynamodb")
    seed_jobs.create_jobs(client, "many", count=_JOBS)
    return client


@pytest.fixture
def meter(dynamodb: "DynamoDBClient") -> Iterator[CapacityMeter]:
    """Return a meter of the queries of one test."""
    meter = CapacityMeter(dynamodb)
    yield meter
    dynamodb.meta.events.unregister("after-call.dynamodb.Query", meter.count)


def job_query(dynamodb: "DynamoDBClient") -> JobQuery:
    """Return a query of the table with ten thousand jobs."""
    return JobQuery("many", dynamodb=dynamodb, keep_days=90)


def test_a_page_reads_its_own_items_only(
    dynamodb: "DynamoDBClient", meter: CapacityMeter
) -> None:
    """A page of fifty jobs must not cost more because there are ten thousand."""
    page = job_query(dynamodb).page(
        JobFilters(), start=None, limit=50, now=seed_jobs.NOW
    )

    assert [int(record.job_id, 16) for record in page.records] == list(range(50))
    assert meter.scanned == 50
    assert len(meter.units) == 1
    # 50 items of less than 200 bytes, at half a unit for each 4 KiB begun.
    assert sum(meter.units) <= 2


def test_pages_continue_over_the_months(dynamodb: "DynamoDBClient") -> None:
    """No job is listed twice or left out, even at the turn of a month."""
    numbers: list[int] = []
    start = None
    while True:
        page = job_query(dynamodb).page(
            JobFilters(), start=start, limit=100, now=seed_jobs.NOW
        )
        numbers += [int(record.job_id, 16) for record in page.records]
        start = page.next
        if start is None:
            break

    assert numbers == list(range(_JOBS))


def test_a_filtered_page_reads_a_limited_number_of_items(
    dynamodb: "DynamoDBClient", meter: CapacityMeter
) -> None:
    """One job in a thousand failed: the page is empty and has a `next`."""
    page = job_query(dynamodb).page(
        JobFilters(outcome="failed"), start=None, limit=50, now=seed_jobs.NOW
    )

    assert not page.records
    assert page.next is not None
    assert meter.scanned == 500


def test_a_filter_finds_all_jobs(dynamodb: "DynamoDBClient") -> None:
    """A list continues after empty pages."""
    found: list[int] = []
    start = None
    while True:
        page = job_query(dynamodb).page(
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
    """A running job has no attribute `outcome`; the filter relies on that."""
    page = job_query(dynamodb).page(
        JobFilters(outcome="running"), start=None, limit=50, now=seed_jobs.NOW
    )

    assert [int(record.job_id, 16) for record in page.records] == [0]


def test_a_day_is_that_day_in_utc(
    dynamodb: "DynamoDBClient", meter: CapacityMeter
) -> None:
    """The day ends at midnight, its last millisecond included."""
    page = job_query(dynamodb).page(
        JobFilters(day="2026-11-10"), start=None, limit=100, now=seed_jobs.NOW
    )
    rest = job_query(dynamodb).page(
        JobFilters(day="2026-11-10"), start=page.next, limit=100, now=seed_jobs.NOW
    )

    assert len(page.records) + len(rest.records) == _JOBS_A_DAY
    assert rest.next is None
    assert meter.scanned == _JOBS_A_DAY


def test_a_prefix_is_searched_among_a_bounded_number_of_jobs(
    dynamodb: "DynamoDBClient", meter: CapacityMeter
) -> None:
    """A typo costs next to nothing, however many jobs there are."""
    query = job_query(dynamodb)

    assert query.find("f" * 8, now=seed_jobs.NOW) == ()
    # Jobs of less than 200 bytes, at half a unit for each 4 KiB begun.
    assert meter.scanned == _JOBS
    assert sum(meter.units) <= _JOBS * 200 / 4096 / 2 + len(meter.units)


def test_a_prefix_that_tables_show_ends_the_search_at_its_job(
    dynamodb: "DynamoDBClient", meter: CapacityMeter
) -> None:
    """People ask for the newest jobs, and copy twelve digits from a table."""
    found = job_query(dynamodb).find("0" * 12, now=seed_jobs.NOW)

    assert len(found) == 2  # the ids of these jobs are numbers
    assert len(meter.units) == 1
