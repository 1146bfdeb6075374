"""World: it does what AWS, the providers and time do, as far as tests rely on it."""

import pytest

from functions.core.model import Outcome
from tests.faults.scenarios import LIST, REQUEST, SCENARIOS, Scenario
from tests.world.injection import Fault, Mode
from tests.world.site import Site
from tests.world.world import World

KEY = "txncheck/full-check/a person.json"


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=[*SCENARIOS])
def test_delivers_without_faults(site: Site, scenario: Scenario) -> None:
    """A world in which nothing fails is a world in which everything arrives."""
    world = World(site, **scenario.options)
    scenario.behave(site)

    job = scenario.act(world)

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert [notice["outcome"] for notice in world.notices(job)][-1] == "succeeded"
    assert not world.dead_letters


def test_retries_as_the_definition_says(site: Site) -> None:
    """A killed process is one error of Lambda, after which the same state is tried."""
    world = World(site, [Fault(2, Mode.KILLED_AFTER)])
    job = world.upload("ipqs/email/a.csv", LIST)

    world.run()

    assert world.injector.calls.count("aws: lambda.begin") > 1
    assert world.outcome(job) is Outcome.SUCCEEDED


def test_a_webhook_ends_the_wait(site: Site) -> None:
    """A delivered webhook shortens the wait; a lost one does not prevent the end."""
    worlds = [World(site, webhooks=True)]
    site.txncheck.behave(seconds_queued=1.0, seconds_processing=1.0)
    job = worlds[0].upload(KEY, REQUEST)
    worlds[0].run()
    heard = site.clock.now()

    worlds.append(World(site, webhooks=True, lost_webhooks=9))
    site.txncheck.behave(seconds_queued=1.0, seconds_processing=1.0)
    worlds[1].upload(KEY, REQUEST)
    worlds[1].run()

    assert "Listen" in worlds[0].executions(job)[0].states
    assert heard < site.clock.now()
    assert {world.outcome(job) for world in worlds} == {Outcome.SUCCEEDED}


def test_refuses_a_forged_webhook(site: Site) -> None:
    """The secret of the world's webhooks is really checked."""
    world = World(site, webhooks=True)
    world.upload(KEY, REQUEST)
    world.run(seconds=60.0)
    (request,) = site.txncheck.accepted

    assert world.forge_webhook(request.id) == 401


def test_announces_a_stopped_execution(site: Site) -> None:
    """What a person stops by hand is recorded and announced as cancelled."""
    world = World(site)
    SCENARIOS["ipqs-list"].behave(site)
    job = world.upload("ipqs/email/a.csv", LIST)
    world.run(until_state="Wait")

    world.stop_execution(job.execution_name)
    world.run()

    assert world.outcome(job) is Outcome.CANCELLED
    assert [notice["outcome"] for notice in world.notices(job)] == ["cancelled"]


def test_cancels_through_the_api(site: Site) -> None:
    """A cancel that the API does not know would leave faults of it untested."""
    world = World(site)
    SCENARIOS["ipqs-list"].behave(site)
    job = world.upload("ipqs/email/a.csv", LIST)
    world.run(until_state="Wait")

    response = world.cancel(job)
    world.run()

    assert response.status == 200
    assert world.outcome(job) is Outcome.CANCELLED
    assert [each.status for each in world.executions(job)] == ["ABORTED"]


def test_continues_a_redriven_execution(site: Site) -> None:
    """A redrive goes on with the state in which the execution was stopped."""
    world = World(site)
    SCENARIOS["ipqs-list"].behave(site)
    job = world.upload("ipqs/email/a.csv", LIST)
    world.run(until_state="Wait")
    world.stop_execution(job.execution_name)

    world.redrive(job.execution_name)
    world.run()

    (execution,) = world.executions(job)
    assert (execution.status, execution.states[-1]) == ("SUCCEEDED", "Delivered")
    assert len(site.ipqs.csvs) == 1


def test_a_zombie_goes_on_next_to_the_new_try(site: Site) -> None:
    """The stalled try makes its calls later, and the other one makes them, too."""
    world = World(site, [Fault(2, Mode.ZOMBIE, delay=3)])
    SCENARIOS["ipqs-list"].behave(site)
    job = world.upload("ipqs/email/a.csv", LIST)

    world.run()

    assert world.injector.calls.count("submit: ipqs.upload") == 1
    assert world.outcome(job) is Outcome.SUCCEEDED


def test_cancels_and_retries_a_job(site: Site) -> None:
    """A command that the API does not know would leave the job running."""
    world = World(site)
    SCENARIOS["ipqs-list"].behave(site)
    job = world.upload("ipqs/email/a.csv", LIST)
    world.run(until_state="Wait")

    answers = [world.cancel(job), world.retry(job)]
    world.run()

    assert [answer.status for answer in answers] == [200, 202]
    assert [notice["outcome"] for notice in world.notices(job)] == ["succeeded"]
    assert world.item(job.job_id)["attempt"] == "2"
