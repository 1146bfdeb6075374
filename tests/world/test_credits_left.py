"""Credits left: a quote says it, and nothing is sent that they do not pay."""

from typing import Any

import pytest

from functions.core.model import Job, Outcome
from local.simulators.faults import Answer
from tests.faults.scenarios import LIST, REQUEST, SCENARIOS
from tests.world.injection import FOUR_MODES, Fault, Mode
from tests.world.site import Site
from tests.world.test_approval import ASKED, KEY, sent, shown
from tests.world.world import World


def world_with(
    site: Site,
    credits_left: int,
    *faults: Fault,
    **settings: Any,  # noqa: ANN401 - those of IPQS
) -> World:
    """Return a world in which so many values can be paid."""
    world = World(site, faults, ipqs=settings)
    SCENARIOS["ipqs-list"].behave(site)
    site.ipqs.behave(credits=credits_left)
    return world


def uploaded(world: World, **options: Any) -> Job:  # noqa: ANN401 - those of upload
    """Upload a list with three values, and let its job run for ten minutes."""
    job = world.upload(KEY, LIST, **options)
    world.run(seconds=600.0)
    return job


@pytest.mark.fault(21)
def test_a_job_that_lacks_credits_waits_unpaid(site: Site) -> None:
    """What becomes of a list that is only partly paid, no provider says."""
    world = world_with(site, 2)

    job = uploaded(world)

    document = shown(world, job)
    (notice,) = world.quotes(job)
    assert sent(site) == 0
    assert document["approval"]["reason"] == "approve_beyond_credits"
    assert document["quote"]["credits_needed"] == 3
    assert document["quote"]["credits_left"] == 2
    assert notice["quote"]["credits_left"] == 2

    site.ipqs.behave(credits=3)
    world.approve(job)
    world.run()
    assert (world.outcome(job), sent(site)) == (Outcome.SUCCEEDED, 1)


def test_a_job_that_can_be_paid_goes_on(site: Site) -> None:
    """To the last credit."""
    world = world_with(site, 3)

    job = uploaded(world)

    quote = shown(world, job)["quote"]
    assert (world.outcome(job), quote["credits_left"]) == (Outcome.SUCCEEDED, 3)
    assert not world.quotes(job)


def test_what_a_value_costs_counts(site: Site) -> None:
    """The bound is in credits, not in values."""
    world = world_with(site, 5, credits_per_value=2)

    job = uploaded(world)

    assert shown(world, job)["approval"]["reason"] == "approve_beyond_credits"


@pytest.mark.fault(21)
def test_a_setting_leaves_it_to_the_provider(site: Site) -> None:
    """Where nobody approves, jobs go on by themselves when credits were bought."""
    world = world_with(site, 2, approve_beyond_credits=False)

    job = uploaded(world)
    waits = shown(world, job)
    site.ipqs.behave(credits=3)
    world.run()

    assert (waits["hold"]["error"], waits["approval"]) == ("OutOfCredits", None)
    assert waits["quote"]["credits_left"] == 2
    assert (world.outcome(job), sent(site)) == (Outcome.SUCCEEDED, 1)


@pytest.mark.fault(20)
@pytest.mark.parametrize(
    "answer",
    [
        Answer.http(403),
        Answer.http(500),
        Answer.html(),
        Answer.refusal("Invalid or unauthorized key."),
        Answer.refusal("You have insufficient credits to make this query."),
        Answer.dropped_before(),
        Answer.edited(lambda document: {**document, "credits": "many"}),
    ],
)
def test_no_job_fails_of_the_question(site: Site, answer: Answer) -> None:
    """It is a remark in the quote, and jobs were sent before anybody asked."""
    world = world_with(site, 3)
    site.ipqs.script("account", [answer])

    job = uploaded(world)

    quote = shown(world, job)["quote"]
    assert (world.outcome(job), quote["credits_left"]) == (Outcome.SUCCEEDED, None)
    assert (sent(site), site.ipqs.unused) == (1, 0)


@pytest.mark.fault(20)
@pytest.mark.parametrize("mode", FOUR_MODES)
@pytest.mark.parametrize("call", ["secretsmanager.GetSecretValue", "ipqs.account"])
def test_a_broken_question_costs_nothing(site: Site, call: str, mode: Mode) -> None:
    """Not a second upload, and not the job."""
    plain = world_with(site, 3)
    uploaded(plain)
    at = plain.injector.calls.index(f"prepare: {call}")

    world = world_with(site, 3, Fault(at, mode))
    job = uploaded(world)
    world.run()

    assert world.injector.calls[at] == f"prepare: {call}"
    is_tried_again = mode in (Mode.KILLED_BEFORE, Mode.KILLED_AFTER)
    assert world.injector.calls.count("aws: lambda.prepare") == 1 + is_tried_again
    assert (world.outcome(job), sent(site)) == (Outcome.SUCCEEDED, 1)


def test_a_job_that_sends_nothing_does_not_ask(site: Site) -> None:
    """All of it is remembered; nor does what waits ask again once it is approved."""
    world = World(site, remember_days=30)
    uploaded(world)
    asked_once = world.injector.calls.count("prepare: ipqs.account")
    world.upload("ipqs/email/b.csv", LIST)
    world.run()
    asked = world.upload("ipqs/email/c.csv", LIST + b"x@rows.example\n", metadata=ASKED)
    world.run(until_state="Approve")
    world.approve(asked)
    world.run()

    assert asked_once == 1
    assert world.injector.calls.count("prepare: ipqs.account") == 2


def test_a_provider_that_does_not_say_it_is_not_asked(site: Site) -> None:
    """Then Prepare reads no key either, for which it has no right."""
    world = World(site)
    job = world.upload("txncheck/full-check/a.json", REQUEST, metadata=ASKED)
    world.run(until_state="Approve")

    reads = [
        call
        for call in world.aws_calls
        if (call.caller, call.service) == ("prepare", "secretsmanager")
    ]

    assert shown(world, job)["quote"]["credits_left"] is None
    assert not reads
