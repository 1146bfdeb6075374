"""Finishes: a finished job is kept once, and what goes wrong there harms no job."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.aws.finishes import FinishStore
from functions.core.model import NO_FORECAST, Batch, BatchPosition, Job
from tests.unit.memory_client import MemoryTable
from tests.world.memory_aws.hook import client_error

_NOW = 1_800_000_000.0
_KEY = "finishes:ipqs:email"


def _job(number: int, **changes: Any) -> Job:  # noqa: ANN401 - replace checks the names
    job = Job(
        job_id=f"{number:064d}",
        provider="ipqs",
        type="email",
        rows=1000 * (number + 1),
        submitted_at=_NOW,
        finished_at=_NOW + 10.0 * (number + 1),
    )
    return job.with_(**changes)


def _refuse_all(table: MemoryTable) -> None:
    def refuse(operation: str) -> None:
        raise client_error("InternalServerError", 500, operation)

    table.client.before = refuse


@pytest.fixture
def table() -> MemoryTable:
    """Return an empty jobs table."""
    return MemoryTable(key="job_id")


@pytest.fixture
def store(table: MemoryTable) -> FinishStore:
    """Return a store in the table."""
    return FinishStore(table.name, dynamodb=table.client, keep_days=90)


def test_finished_jobs_tell_of_the_next_one(store: FinishStore) -> None:
    """The values sent, and the time since the submission, are what counts."""
    for number in range(9):
        store.note(_job(number), now=_NOW)

    told = store.forecast(_job(3, finished_at=0.0, job_id="new"))

    assert (told.seconds, told.jobs) == (40, 9)
    assert not store.forecast(_job(3, type="phone"))


def test_a_job_is_kept_once_and_forty_are(
    store: FinishStore, table: MemoryTable
) -> None:
    """A repeated step must not count twice, and an item must stay small."""
    for number in (*range(50), 49):
        store.note(_job(number), now=_NOW)

    item = table.item(_KEY)

    finishes = json.loads(str(item["finishes"]))
    assert [each["values"] // 1000 for each in finishes] == [*range(11, 51)]
    assert item["expires_at"] == int(_NOW + 90 * 86_400)
    assert len(str(item["finishes"])) < 4_000


def test_the_item_is_no_job(store: FinishStore, table: MemoryTable) -> None:
    """The list of jobs, and the sweep, find jobs by these attributes."""
    store.note(_job(0), now=_NOW)

    assert table.item(_KEY).keys() == {"finishes", "revision", "expires_at"}


@pytest.mark.parametrize(
    "job",
    [
        pytest.param(_job(0, finished_at=0.0), id="without an end"),
        pytest.param(_job(0, rows=0), id="of unknown size"),
        pytest.param(_job(0, submitted_at=0.0), id="submitted by others"),
        pytest.param(_job(0, resumed_at=_NOW), id="resumed"),
        pytest.param(_job(0, batch=Batch(requests=3)), id="a batch"),
        pytest.param(_job(0, part=BatchPosition(batch_id="b")), id="a request"),
    ],
)
def test_a_job_whose_duration_says_nothing_is_not_kept(
    store: FinishStore, table: MemoryTable, job: Job
) -> None:
    """What nobody saw end, or what waited for others, would spoil the forecasts."""
    store.note(job, now=_NOW)

    assert not table.item(_KEY)


def test_two_that_finish_at_once_are_both_kept(
    store: FinishStore, table: MemoryTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one read the list before the first one was in it."""
    read = store._read

    def overtaken(job: Job) -> object:
        found = read(job)
        monkeypatch.setattr(store, "_read", read)
        store.note(_job(1), now=_NOW)
        return found

    monkeypatch.setattr(store, "_read", overtaken)
    store.note(_job(0), now=_NOW)

    finishes = json.loads(str(table.item(_KEY)["finishes"]))
    assert [each["values"] for each in finishes] == [2000, 1000]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda table: table.put(_KEY, finishes="no JSON"), id="no JSON"),
        pytest.param(lambda table: table.put(_KEY, finishes='[{"a": 1}]'), id="other"),
        pytest.param(_refuse_all, id="no table"),
    ],
)
def test_no_job_fails_for_a_forecast(
    spoil: Callable[[MemoryTable], None], table: MemoryTable
) -> None:
    """A result that is paid for must not wait for a convenience."""
    store = FinishStore(table.name, dynamodb=table.client, keep_days=90)
    spoil(table)

    assert store.forecast(_job(0)) == NO_FORECAST
    store.note(_job(0), now=_NOW)
