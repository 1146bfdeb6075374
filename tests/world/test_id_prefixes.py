"""Id prefixes: the first digits of a job's id name it, wherever an id does."""

from typing import Any

import pytest

from functions.api import job_query
from functions.core.job_record import month_of
from tests.faults.scenarios import LIST
from tests.world.site import Site
from tests.world.world import World

_DAY = 86_400.0
_PATHS = [
    ("GET", ""),
    ("GET", "/timeline"),
    ("GET", "/results"),
    ("GET", "/error"),
    ("POST", "/cancel"),
    ("POST", "/retry"),
]


def add_job(world: World, job_id: str, *, days_ago: float = 0.0) -> None:
    """Write the item of a job that ended."""
    received_at = world.site.clock.now() - days_ago * _DAY
    item: dict[str, Any] = {
        "job_id": {"S": job_id},
        "provider": {"S": "ipqs"},
        "type": {"S": "email"},
        "month": {"S": month_of(received_at)},
        "received_at": {"N": repr(received_at)},
        "outcome": {"S": "failed"},
    }
    world.jobs.items[job_id] = item


@pytest.mark.parametrize(("method", "path"), _PATHS)
@pytest.mark.parametrize("digits", [8, 12, 63])
def test_the_first_digits_name_a_job_on_every_route(
    site: Site, method: str, path: str, digits: int
) -> None:
    """Tables show twelve digits, and nobody types sixty-four."""
    world = World(site)
    job = world.upload("ipqs/email/a.csv", LIST)
    add_job(world, "0" * 64)
    world.run()

    whole = world.call_api(method, f"/jobs/{job.job_id}{path}")
    short = world.call_api(method, f"/jobs/{job.job_id[:digits]}{path}")

    assert (short.status, short.document.get("type")) == (
        whole.status,
        whole.document.get("type"),
    )
    if short.status < 300:
        assert short.document["job_id"] == job.job_id


@pytest.mark.parametrize("path", ["", "/cancel", "/retry"])
def test_digits_of_several_jobs_are_refused(site: Site, path: str) -> None:
    """The wrong job would be cancelled, or paid for again."""
    world = World(site)
    twins = ("0123456789a" + "b" * 53, "0123456789a" + "c" * 53)
    add_job(world, twins[0])
    add_job(world, twins[1], days_ago=40)
    before = {job_id: dict(item) for job_id, item in world.jobs.items.items()}

    answer = world.call_api("POST" if path else "GET", f"/jobs/{twins[0][:11]}{path}")

    assert answer.status == 409
    assert answer.document["type"].endswith(":job-id-ambiguous")
    assert all(job_id in answer.document["detail"] for job_id in twins)
    assert world.jobs.items == before
    assert (
        world.call_api("GET", f"/jobs/{twins[1][:12]}").document["job_id"] == twins[1]
    )


def test_digits_of_no_job_are_refused(site: Site) -> None:
    """With how far was looked, since older jobs need their whole ids."""
    world = World(site)
    add_job(world, "0" * 64)

    unknown = world.call_api("GET", "/jobs/01234567")
    too_few = world.call_api("GET", "/jobs/0000000")

    assert unknown.status == too_few.status == 404
    assert "newest 10,000" in unknown.document["detail"]


def test_jobs_of_earlier_months_are_found(site: Site) -> None:
    """As long as the table keeps them."""
    world = World(site)
    add_job(world, "abcdef012345" + "0" * 52, days_ago=80)

    assert world.call_api("GET", "/jobs/abcdef01").status == 200


def test_a_search_reads_a_bounded_number_of_jobs(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typo must not cost as much as the whole table."""
    monkeypatch.setattr(job_query, "MAX_JOBS_SEARCHED", 5)
    world = World(site)
    for number in range(10):
        add_job(world, f"{number:08}" + "a" * 56, days_ago=10 * number)

    assert world.call_api("GET", "/jobs/00000004").status == 200
    assert world.call_api("GET", "/jobs/00000005").status == 404
    assert world.call_api("GET", "/jobs/00000005" + "a" * 56).status == 200
