"""Lost records: what the jobs table did not take is recorded and announced later."""

import json
from io import StringIO

import pytest

from functions.core.model import Job, Outcome
from tests.faults.scenarios import REQUEST
from tests.world.injection import Fault, Mode
from tests.world.site import Site
from tests.world.world import World

_KEY = "txncheck/full-check/one person.json"


def paid_but_unrecorded(site: Site) -> tuple[World, Job]:
    """Return a job that waits; only its execution knows the provider's reference."""
    world, job = _waiting(site, [])
    after_post = world.injector.calls.index("submit: txncheck.submit") + 1
    world, job = _waiting(site, [Fault(after_post, Mode.ERROR_BEFORE)])
    assert len(site.txncheck.accepted) == 1
    assert "provider_ref" not in world.item(job.job_id)
    return world, job


def _waiting(site: Site, faults: list[Fault]) -> tuple[World, Job]:
    world = World(site, faults)
    site.txncheck.behave(seconds_queued=2.0, seconds_processing=5.0)
    job = world.upload(_KEY, REQUEST, announce=False)
    world.start_job(job)
    world.run(until_state="Wait")
    return world, job


def is_reference_recorded(world: World, job: Job) -> bool:
    """Whether an operator can see in the jobs table what was paid for."""
    (paid,) = world.site.txncheck.accepted
    return world.item(job.job_id).get("provider_ref") == str(paid.id)


@pytest.mark.fault(39)
def test_a_stopped_execution_leaves_its_reference_to_the_table(site: Site) -> None:
    """It is paid for, and the execution's history is deleted some day."""
    world, job = paid_but_unrecorded(site)

    world.stop_execution(job.execution_name)
    world.run()

    assert world.outcome(job) is Outcome.CANCELLED
    assert is_reference_recorded(world, job)


@pytest.mark.fault(39)
def test_a_cancelled_job_keeps_its_reference(site: Site) -> None:
    """The outcome is recorded before anything else can be."""
    world, job = paid_but_unrecorded(site)

    world.cancel(job)
    world.run()

    assert world.outcome(job) is Outcome.CANCELLED
    assert is_reference_recorded(world, job)


@pytest.mark.fault(39)
def test_a_retry_at_once_finds_what_the_stopped_execution_knew(site: Site) -> None:
    """Nothing else has recorded it yet, and the retry would not know what was paid."""
    world, job = paid_but_unrecorded(site)

    world.cancel(job)
    world.retry(job)
    assert is_reference_recorded(world, job)
    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert len(site.txncheck.accepted) == 1


@pytest.mark.fault(101)
def test_an_execution_that_was_not_stopped_records_its_reference(site: Site) -> None:
    """The outcome of its cancelled job is not its own, but the reference is."""
    world, job = paid_but_unrecorded(site)
    world.fail_call(Mode.ERROR_BEFORE, after=3)

    world.call_api("POST", f"/jobs/{job.job_id}/cancel", tries=1)
    assert world.injector.injected[-1].endswith("StopExecution")
    world.run()

    assert world.machine.executions[job.execution_name].status == "FAILED"
    assert world.outcome(job) is Outcome.CANCELLED
    assert is_reference_recorded(world, job)


def test_an_execution_of_another_name_leaves_no_reference(site: Site) -> None:
    """Who starts one by hand may give it any reference, and stop it at once."""
    world, job = _waiting(site, [])
    for name in ("provider_ref", "submitted_at", "rows", "distinct_rows"):
        world.jobs.items[job.job_id].pop(name, None)

    world.start_execution(job.with_(provider_ref="made up"), name="by-hand")
    world.stop_execution("by-hand")
    world.run()

    assert is_reference_recorded(world, job)


@pytest.mark.fault(13)
def test_a_cancelled_job_that_was_never_started_is_announced(site: Site) -> None:
    """Whoever cancelled it knows; those who wait for its notice do not."""
    world = World(site)
    job = world.upload(_KEY, REQUEST, announce=False)
    world.fail_call(Mode.ERROR_BEFORE, after=2)
    world.start_job(job, tries=1)
    assert world.injector.injected[-1].endswith("StartExecution")

    world.cancel(job)
    world.run()

    assert [notice["outcome"] for notice in world.notices(job)] == [Outcome.CANCELLED]
    assert not site.txncheck.accepted


@pytest.mark.fault(17)
def test_a_claim_is_removed_if_the_answers_of_table_and_function_are_lost(
    site: Site,
) -> None:
    """Nothing was sent, but neither the next try nor TxnCheck could say so."""
    world, _ = _waiting(site, [])
    calls = world.injector.calls
    submit = calls.index("aws: lambda.submit")
    claim = calls.index("submit: txncheck.submit") - 1
    assert calls[claim] == "submit: dynamodb.UpdateItem"
    lost = [Fault(submit, Mode.ERROR_AFTER), Fault(claim, Mode.ERROR_AFTER)]

    world, job = _waiting(site, lost)
    world.run()

    assert len(world.injector.injected) == len(lost)
    assert world.outcome(job) is Outcome.SUCCEEDED
    assert len(site.txncheck.accepted) == 1


@pytest.mark.fault(17)
def test_a_reference_that_nothing_took_is_in_the_log(site: Site, log: StringIO) -> None:
    """Neither table nor Step Functions has it: a person finds what was paid there."""
    world, _ = _waiting(site, [])
    calls = world.injector.calls
    submit = calls.index("aws: lambda.submit")
    record = calls.index("submit: txncheck.submit") + 1
    lost = [Fault(submit, Mode.ERROR_AFTER), Fault(record, Mode.ERROR_BEFORE)]

    world, job = _waiting(site, lost)
    world.run()

    (paid,) = site.txncheck.accepted
    (line,) = (
        line for line in log.getvalue().splitlines() if "reference not recorded" in line
    )
    assert json.loads(line)["provider_ref"] == str(paid.id)
    assert world.item(job.job_id)["error"] == "SubmitOutcomeUnknown"


@pytest.mark.fault(39)
def test_a_retry_that_overtook_another_and_died_is_started_by_it(site: Site) -> None:
    """The next attempt was recorded and not started; one of the two was told of it."""
    stop = "api: stepfunctions.StopExecution"
    world, _ = _cancelled_and_retried(site, [])
    calls = world.injector.calls
    at = max(number for number, call in enumerate(calls) if call == stop)
    overtaking = ["api: sts.GetCallerIdentity", "api: dynamodb.GetItem", stop]
    recorded = at + len(overtaking) + 1

    world, job = _cancelled_and_retried(
        site, [Fault(at, Mode.ZOMBIE), Fault(recorded, Mode.KILLED_AFTER)]
    )

    own = [*overtaking, "api: dynamodb.UpdateItem"]
    assert world.injector.calls[at + 1 : recorded + 1] == own
    assert world.outcome(job) is Outcome.SUCCEEDED
    assert len(site.txncheck.accepted) == 1


def _cancelled_and_retried(site: Site, faults: list[Fault]) -> tuple[World, Job]:
    world, job = _waiting(site, faults)
    world.cancel(job)
    world.run()
    world.retry(job)
    world.run()
    return world, job
