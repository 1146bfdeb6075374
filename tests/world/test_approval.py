"""Approval: a job that needs one sends nothing until a person has given it."""

from typing import Any

import pytest

from functions.core.model import Job, Outcome
from functions.core.schedule import DAY_SECONDS
from local.simulators.ipqs import Answer
from tests.faults.scenarios import BATCH, LIST, REQUEST, SCENARIOS
from tests.world.injection import Fault, Mode
from tests.world.site import Site
from tests.world.world import World

KEY = "ipqs/email/a.csv"
ASKED = {"courier-quote": "yes"}


def quoted(world: World, key: str = KEY, content: bytes = LIST) -> Job:
    """Upload a file whose quote is asked for; return its job, which waits."""
    SCENARIOS["ipqs-list"].behave(world.site)
    job = world.upload(key, content, metadata=ASKED)
    world.run(until_state="Approve")
    return job


def shown(world: World, job: Job) -> dict[str, Any]:
    """Return what the API says of a job."""
    return dict(world.call_api("GET", f"/jobs/{job.job_id}").document)


def sent(site: Site) -> int:
    """Return how many files and requests the providers have accepted."""
    return len(site.ipqs.csvs) + len(site.txncheck.accepted)


def test_a_quote_is_announced_and_nothing_is_sent(site: Site) -> None:
    """Who asks what it costs has not said yes to paying it."""
    world = World(site)
    job = quoted(world)

    document = shown(world, job)
    (notice,) = world.quotes(job)

    assert sent(site) == 0
    assert (document["phase"], document["outcome"]) == ("quoted", None)
    assert document["approval"]["reason"] == "asked"
    assert document["quote"]["to_send"] == document["quote"]["credits_needed"] == 3
    assert document["quote"]["aws_usd"] > 0
    assert notice["quote"]["to_send"] == 3
    assert notice["approve_until"] == document["approval"]["until"].replace(".000", "")
    assert not {"header", "notes"} & notice["quote"].keys()
    assert "outcome" not in notice


def test_an_approved_job_goes_on_at_once(site: Site) -> None:
    """The person waits for it; approving it twice says and does the same."""
    world = World(site)
    job = quoted(world)
    before = site.clock.now()

    answers = [world.approve(job), world.approve(job)]
    world.run(seconds=30.0)

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].document == answers[1].document
    assert answers[0].document["approval"] is None
    assert sent(site) == 1
    assert site.clock.now() - before < 120
    world.run()
    assert world.outcome(job) is Outcome.SUCCEEDED
    assert len(world.quotes(job)) == len(world.notices(job)) == sent(site) == 1


@pytest.mark.parametrize("hours", [30, 71])
def test_a_late_approval_has_a_deadline_of_its_own(site: Site, hours: int) -> None:
    """A day at the provider is a day from its approval, not from its upload."""
    world = World(site)
    job = quoted(world)
    world.run(seconds=hours * 3600.0)
    site.ipqs.script("upload", [Answer.http(429)])  # so that it is put on hold

    world.approve(job)
    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert len(world.quotes(job)) == 1


def test_without_an_approval_the_job_ends_unpaid(site: Site) -> None:
    """A quote that nobody answers must not wait for ever; a retry asks again."""
    world = World(site)
    job = quoted(world)

    world.run()

    document = shown(world, job)
    (notice,) = world.notices(job)
    assert sent(site) == 0
    assert document["error"]["name"] == notice["error"] == "ApprovalMissing"
    assert site.clock.now() - world.executions(job)[0].started_at > 3 * DAY_SECONDS
    assert world.approve(job).status == 409

    assert world.retry(job).document["phase"] == "queued"
    world.run(until_state="Approve")
    assert shown(world, job)["phase"] == "quoted"
    assert len(world.quotes(job)) == 2
    world.approve(job)
    world.run()
    assert world.outcome(job) is Outcome.SUCCEEDED


def test_a_cancelled_quote_is_not_paid(site: Site) -> None:
    """Nor can it be approved any more."""
    world = World(site)
    job = quoted(world)

    world.cancel(job)
    late = world.approve(job)
    world.run()

    assert late.status == 409
    assert world.outcome(job) is Outcome.CANCELLED
    assert sent(site) == 0
    assert [notice["outcome"] for notice in world.notices(job)] == ["cancelled"]


def test_only_a_job_that_waits_can_be_approved(site: Site) -> None:
    """An approval in advance would be one of numbers that nobody has seen."""
    world = World(site)
    SCENARIOS["ipqs-list"].behave(site)
    job = world.upload(KEY, LIST)
    world.run(until_state="Wait")

    refused = world.approve(job)

    assert refused.status == 409
    assert refused.document["type"].endswith(":job-not-quoted")


def test_a_retry_of_an_approved_job_needs_no_second_approval(site: Site) -> None:
    """The same values were approved; they were not paid when the attempt ended."""
    world = World(site)
    job = quoted(world)
    world.approve(job)
    world.cancel(job)

    world.retry(job)
    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert (len(world.quotes(job)), sent(site)) == (1, 1)
    assert "Approve" not in world.executions(job)[1].states


@pytest.mark.parametrize(
    ("above", "waits"), [(None, False), (3, False), (2, True), (0, True)]
)
def test_a_large_list_waits_for_approval(
    site: Site, above: int | None, waits: bool
) -> None:
    """Above the setting nobody can pay by a mistake; up to it nothing changes."""
    world = World(site, settings={"ipqs": {"approve_above": above}})
    SCENARIOS["ipqs-list"].behave(site)
    job = world.upload(KEY, LIST)

    world.run(seconds=600.0)

    assert ("Approve" in world.executions(job)[0].states) is waits
    assert sent(site) == (0 if waits else 1)


@pytest.mark.parametrize(
    ("key", "content", "records"),
    [
        ("txncheck/full-check/person.json", REQUEST, 1),
        ("txncheck/full-check/people.csv", BATCH, 2),
    ],
)
def test_requests_and_batches_wait_as_well(
    site: Site, key: str, content: bytes, records: int
) -> None:
    """A batch is what costs most."""
    world = World(site)
    job = quoted(world, key, content)

    quote = shown(world, job)["quote"]
    assert (sent(site), quote["records"], quote["to_send"]) == (0, records, records)

    world.approve(job)
    world.run()
    assert world.outcome(job) is Outcome.SUCCEEDED
    assert sent(site) == records


def test_the_api_asks_for_a_quote_of_what_is_in_the_inbox(site: Site) -> None:
    """An object without the metadata gets a quote, if a fresh job is asked for."""
    world = World(site)
    SCENARIOS["ipqs-list"].behave(site)
    job = world.upload(KEY, LIST, announce=False)

    body = {"key": job.key, "version_id": job.version_id, "quote": True}
    started = world.call_api("POST", "/jobs", body)
    world.run(until_state="Approve")

    assert started.status == 202
    assert shown(world, job)["phase"] == "quoted"


def test_the_same_bytes_are_no_others_because_a_quote_is_asked_for(site: Site) -> None:
    """It says nothing about how to read the table: they would be paid twice."""
    world = World(site)
    SCENARIOS["ipqs-list"].behave(site)
    world.upload(KEY, LIST)
    world.run()

    again = world.upload(KEY, LIST, metadata=ASKED)
    world.run()

    assert world.item(again.job_id)["error"] == "SourceRepeated"


def test_a_quote_that_is_neither_yes_nor_no_is_refused(site: Site) -> None:
    """Who writes `true` wants to be asked before it is paid."""
    world = World(site)
    job = world.upload(KEY, LIST, metadata={"courier-quote": "true"})

    world.run()

    assert world.item(job.job_id)["error"] == "RequestInvalid"
    assert sent(site) == 0


def test_an_approval_that_could_not_end_the_wait_counts(site: Site) -> None:
    """Recorded is approved, even if nobody repeats it: the execution looks itself."""
    world = World(site)
    job = quoted(world)
    first = len(world.injector.calls)
    world.approve(job)
    at = world.injector.calls.index("api: stepfunctions.SendTaskSuccess", first)

    world = World(site, [Fault(at, Mode.KILLED_BEFORE)])
    job = quoted(world)
    world.call_api("POST", f"/jobs/{job.job_id}/approve", tries=1)
    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert sent(site) == 1
