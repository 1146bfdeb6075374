"""Daily budget: what all jobs of a day send stays within a bound, or is approved."""

from collections.abc import Sequence
from typing import Any

import pytest

from functions.aws.dynamodb import from_attributes
from functions.core.model import Job, Outcome
from functions.core.schedule import DAY_SECONDS
from tests.faults.scenarios import BATCH, REQUEST, SCENARIOS
from tests.world.injection import FOUR_MODES, Fault, Mode
from tests.world.site import Site
from tests.world.test_approval import ASKED, sent, shown
from tests.world.world import World

_PREPARED, _APPROVED = "prepare", "submit"
_BUDGET = "dynamodb.TransactWriteItems"


def bounded(site: Site, most: int | None, faults: Sequence[Fault] = ()) -> World:
    """Return a world in which all jobs of a day may send so many values."""
    settings = {"daily_values": most}
    SCENARIOS["ipqs-list"].behave(site)
    return World(site, faults, settings={"ipqs": settings, "txncheck": settings})


def upload(world: World, values: int, **options: Any) -> Job:  # noqa: ANN401 - those of upload
    """Upload a list of so many values, and let its job run for ten minutes."""
    number = len(world.s3.buckets[world.inbox])
    lines = (f"v{n}.{number}@rows.example\n" for n in range(values))
    job = world.upload(f"ipqs/email/{number}.csv", "".join(lines).encode(), **options)
    world.run(seconds=600.0)
    return job


def waits(world: World, job: Job) -> bool:
    """Return whether a job waits for approval because of the budget."""
    approval = shown(world, job)["approval"]
    return approval is not None and approval["reason"] == "daily_values"


def counted(world: World) -> list[int]:
    """Return how many values are counted, by provider and day."""
    items = map(from_attributes, world.jobs.items.values())
    return [int(item["sent_values"]) for item in items if "sent_values" in item]


def test_what_goes_beyond_the_days_values_waits(site: Site) -> None:
    """A folder full of lists, dropped by mistake, must not be paid in one night."""
    world = bounded(site, 5)

    jobs = [upload(world, values) for values in (3, 3, 2, 1)]

    assert [waits(world, job) for job in jobs] == [False, True, False, True]
    assert (sent(site), counted(world)) == (2, [5])
    (notice,) = world.quotes(jobs[1])
    assert (notice["reason"], notice["quote"]["to_send"]) == ("daily_values", 3)

    site.clock.advance(DAY_SECONDS)
    assert not waits(world, upload(world, 5))
    assert counted(world) == [5, 5]


def test_what_is_approved_is_counted_and_not_stopped_again(site: Site) -> None:
    """It is paid like the rest; a person has said yes to just this job."""
    world = bounded(site, 5)
    upload(world, 4)
    beyond = upload(world, 3)

    world.approve(beyond)
    world.run(until_state="Wait")
    world.cancel(beyond)
    world.retry(beyond)
    world.run()

    assert world.outcome(beyond) is Outcome.SUCCEEDED
    assert len(world.quotes(beyond)) == 1
    assert (sent(site), counted(world)) == (2, [7])
    assert waits(world, upload(world, 1))


def test_a_quote_is_no_part_of_the_budget_until_it_is_approved(site: Site) -> None:
    """Who only asks what a list would cost takes nothing from others."""
    world = bounded(site, 5)
    quoted = upload(world, 5, metadata=ASKED)
    other = upload(world, 5)

    assert counted(world) == [5]
    assert not waits(world, other)
    world.approve(quoted)
    world.run()
    assert (sent(site), counted(world)) == (2, [10])


@pytest.mark.parametrize("step", [_PREPARED, _APPROVED])
@pytest.mark.parametrize("mode", FOUR_MODES)
def test_a_job_is_counted_once_whatever_fails(
    site: Site, mode: Mode, step: str
) -> None:
    """A step that was not told what it has done is repeated."""

    def run(faults: Sequence[Fault] = ()) -> World:
        site.reset()
        world = bounded(site, 9, faults)
        metadata = ASKED if step == _APPROVED else {}
        job = upload(world, 3, metadata=metadata)
        if step == _APPROVED:
            world.approve(job)
        world.run()
        assert world.outcome(job) is Outcome.SUCCEEDED
        return world

    at = run().injector.calls.index(f"{step}: {_BUDGET}")
    world = run([Fault(at, mode)])

    assert (
        world.injector.calls.count(f"{step}: {_BUDGET}")
        + (mode in (Mode.ERROR_AFTER, Mode.KILLED_AFTER))
        >= 2
    )
    assert (sent(site), counted(world)) == (1, [3])


def test_a_job_that_is_retried_is_counted_once(site: Site) -> None:
    """It was let through, and has not been paid yet."""

    def run(*faults: Fault) -> tuple[World, Job]:
        world = bounded(site, 5, faults)
        job = world.upload("ipqs/email/a.csv", b"a@rows.example\nb@rows.example\n")
        world.run(until_state="Submit")
        return world, job

    world, _ = run()
    at = world.injector.calls.index("submit: dynamodb.UpdateItem")
    world, job = run(Fault(at, Mode.ERROR_BEFORE))
    assert world.cancel(job).status == 200
    upload(world, 3)

    assert world.retry(job).status == 202
    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert (counted(world), world.quotes(job)) == ([5], [])


def test_requests_and_batches_count_as_well(site: Site) -> None:
    """Each row of a batch is a request that is paid for."""
    world = bounded(site, 3)
    for name, content in (("people.csv", BATCH), ("a.json", REQUEST)):
        world.upload(f"txncheck/full-check/{name}", content)
        world.run()
    beyond = world.upload("txncheck/full-check/b.json", REQUEST)
    world.run(seconds=600.0)

    assert counted(world) == [3]
    assert waits(world, beyond)
    assert sent(site) == 3


@pytest.mark.parametrize("most", [None, 0])
def test_without_a_bound_nothing_is_counted(site: Site, most: int | None) -> None:
    """Null is no bound, and 0 lets nothing through that nobody has approved."""
    world = bounded(site, most)
    job = upload(world, 1)

    assert counted(world) == []
    assert waits(world, job) is (most == 0)


def test_the_count_of_a_day_is_no_job(site: Site) -> None:
    """It is in the table of jobs, and in no list of them."""
    world = bounded(site, 5)
    job = upload(world, 1)

    listed = world.call_api("GET", "/jobs").document["jobs"]

    assert [each["job_id"] for each in listed] == [job.job_id]
    assert len(world.jobs.items) > 1
