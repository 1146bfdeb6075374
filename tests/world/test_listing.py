"""Listing: the api function asks for the items that it shows, and for no others."""

import pytest

from benchmarks import seed_jobs
from functions.aws.dynamodb import to_attribute
from tests.world.site import Site
from tests.world.world import AwsCall, World

_JOBS = 1000


@pytest.fixture
def world(site: Site) -> World:
    """Return a world with a thousand jobs, a minute apart."""
    world = World(site)
    now = site.clock.now()
    for number in range(_JOBS):
        job = seed_jobs.whole_job(number, now - 60 * number)
        item = {name: to_attribute(value) for name, value in job.items()}
        world.jobs.items[str(job["job_id"])] = item
    return world


def calls(world: World, path: str) -> list[AwsCall]:
    """Return what the function asks of AWS for one request.

    In a new environment it also asks for the time, once.
    """
    assert world.call_api("GET", path).status == 200
    return [call for call in world.aws_calls if call.operation != "GetCallerIdentity"]


def test_a_page_is_one_query_of_its_jobs(world: World) -> None:
    """Each further call, and each further item, is time and money for every page."""
    (query,) = calls(world, "/jobs")

    assert query.operation == "Query"
    assert query.parameters["Limit"] == 50
    assert "FilterExpression" not in query.parameters


def test_a_job_is_one_read(world: World) -> None:
    """The page and the client ask for a running job every few seconds."""
    (read,) = calls(world, f"/jobs/{seed_jobs.job_id(7)}")

    assert read.operation == "GetItem"
