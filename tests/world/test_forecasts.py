"""Forecasts: finished jobs tell of the next one, from the upload to the API."""

import json

import pytest

from functions.core.model import Job, Outcome
from tests.faults.scenarios import LIST
from tests.world.injection import FOUR_MODES, Fault, Mode
from tests.world.site import Site
from tests.world.world import World

_ITEM = "finishes:ipqs:email"


def _world(site: Site, *faults: Fault) -> World:
    """Return a world in which nine lists of this size took 29 to 31 s."""
    world = World(site, faults)
    finishes = [
        {"job": str(number), "values": 3, "seconds": 29.0 + number / 4, "at": 1}
        for number in range(9)
    ]
    world.jobs.items[_ITEM] = {
        "job_id": {"S": _ITEM},
        "finishes": {"S": json.dumps(finishes)},
        "revision": {"N": "9"},
    }
    site.ipqs.behave(seconds_processing=30.0)
    return world


def _kept(world: World, job: Job) -> int:
    finishes = json.loads(world.item(_ITEM)["finishes"])
    return sum(each["job"] == job.job_id[:12] for each in finishes)


def test_a_job_says_when_it_should_end(site: Site) -> None:
    """Who waits sees the range, what it rests on, and why the next check is then."""
    world = _world(site)
    job = world.upload("ipqs/email/a.csv", LIST)
    world.run(seconds=25.0)

    shown = world.call_api("GET", f"/jobs/{job.job_id}").document

    begin, end = shown["expected_between"]
    assert shown["submitted_at"] < begin < shown["expected_at"] < end
    assert shown["expected_from"] == 9
    assert shown["next_check_reason"] in {"elapsed", "expected"}
    world.run()
    ended = world.call_api("GET", f"/jobs/{job.job_id}").document
    assert world.outcome(job) is Outcome.SUCCEEDED
    names = ("expected_at", "expected_between", "next_check_reason")
    assert [ended[name] for name in names] == [None] * 3
    assert _kept(world, job) == 1
    listed = world.call_api("GET", "/jobs").document["jobs"]
    assert [each["job_id"] for each in listed] == [job.job_id]
    assert world.call_api("GET", f"/jobs/{_ITEM}").status == 404


def test_a_quote_says_how_long_it_will_take(site: Site) -> None:
    """Who decides whether to pay wants to know when it would be done."""
    world = _world(site)
    metadata = {"courier-quote": "yes"}
    known = world.upload("ipqs/email/a.csv", LIST, metadata=metadata)
    unknown = world.upload("ipqs/url/a.csv", b"a.example\n", metadata=metadata)
    world.run(seconds=25.0)

    quotes = [
        world.call_api("GET", f"/jobs/{job.job_id}").document["quote"]
        for job in (known, unknown)
    ]

    assert [quote["expected_seconds"] for quote in quotes] == [30, None]
    (notice,) = world.quotes(known)
    assert notice["quote"]["expected_seconds"] == 30


@pytest.mark.parametrize("mode", FOUR_MODES)
@pytest.mark.parametrize(
    ("step", "calls"), [("prepare", 2), ("submit", 1), ("conclude", 2)]
)
def test_no_job_fails_for_a_forecast(
    site: Site, step: str, calls: int, mode: Mode
) -> None:
    """A call for a forecast that fails changes no outcome, and pays nothing twice."""
    plain = _world(site)
    plain.upload("ipqs/email/a.csv", LIST)
    plain.run()
    named = [
        at
        for at, name in enumerate(plain.injector.calls)
        if name.startswith(f"{step}: dynamodb.")
    ]

    for at in named[-calls:]:
        world = _world(site, Fault(at, mode))
        job = world.upload("ipqs/email/a.csv", LIST)
        world.run()

        assert world.outcome(job) is Outcome.SUCCEEDED
        assert world.injector.calls.count("submit: ipqs.upload") == 1
        is_killed = mode in {Mode.KILLED_BEFORE, Mode.KILLED_AFTER}
        # A step that is killed is repeated; an error here is not worth that.
        assert _kept(world, job) in ({1} if is_killed else {0, 1})
