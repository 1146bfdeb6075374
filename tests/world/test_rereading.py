"""Rereading: a retry can name the right column, as long as nothing may be paid for."""

import json
from typing import Any

import pytest

from functions.core.model import Job, Outcome
from local.simulators.faults import Answer
from tests.canary import Canary
from tests.faults.scenarios import BATCH
from tests.world.injection import Fault, Mode
from tests.world.site import Site
from tests.world.test_joined import rows_of
from tests.world.test_list_options import _FIRST, _KEY, _SECOND, _UNCLEAR
from tests.world.test_verdict_memory import sent
from tests.world.world import ApiResponse, World

_QUOTED = {"courier-quote": "yes", "courier-column": "1"}


def refused(site: Site, **options: Any) -> tuple[World, Job]:  # noqa: ANN401 - those of a world
    """Return a world with a job whose column was not found."""
    world = World(site, **options)
    job = world.upload(_KEY, _UNCLEAR)
    world.run()
    assert world.item(job.job_id)["error"] == "SourceColumnUnclear"
    return world, job


def stopped(
    site: Site,
    call: str,
    **options: Any,  # noqa: ANN401 - those of a world
) -> tuple[World, Job]:
    """Return a world with a job that was cancelled while a step was tried again."""

    def run(*faults: Fault) -> tuple[World, Job]:
        world = World(site, faults, **options)
        job = world.upload(_KEY, _UNCLEAR, metadata={"courier-column": "1"})
        world.run(until_state=call.partition(":")[0].capitalize())
        return world, job

    undisturbed, _ = run()
    world, job = run(Fault(undisturbed.injector.calls.index(call), Mode.ERROR_BEFORE))
    assert world.cancel(job).status == 200
    return world, job


def reread(world: World, job: Job, **said: object) -> ApiResponse:
    """Retry a job, and say something of its list."""
    return world.call_api("POST", f"/jobs/{job.job_id}/retry", said)


def shown(world: World, job: Job) -> dict[str, Any]:
    """Return the job as the API shows it."""
    return dict(world.call_api("GET", f"/jobs/{job.job_id}").document)


def test_a_refused_list_is_read_as_the_retry_says(site: Site) -> None:
    """Nobody has to upload it once more to say which column it is."""
    world, job = refused(site)

    answer = reread(world, job, column="2")
    world.run()

    assert (answer.status, answer.document["attempt"]) == (202, 2)
    assert world.outcome(job) is Outcome.SUCCEEDED
    assert sent(site, job) == [_SECOND]
    assert shown(world, job)["list_options"] == {"column": "2", "header": None}
    objects = {"joined.csv": world.objects(job)["joined-2.csv"]}
    assert rows_of(objects)[1][1] == "verified"


def test_a_retry_can_be_wrong_once_more(site: Site) -> None:
    """A slip of the pen is refused unpaid, and what is right is said after it."""
    world, job = refused(site)

    reread(world, job, column="Straße")
    world.run()
    again = shown(world, job)["error"]["name"]
    reread(world, job, column="1", header=False)
    world.run()

    assert again == "SourceColumnUnclear"
    quote = shown(world, job)["quote"]
    assert (quote["header"], quote["records"], quote["to_send"]) == (None, 3, 2)
    assert sent(site, job) == [_FIRST]


def test_what_may_be_paid_is_not_read_in_another_way(site: Site) -> None:
    """Rows of two columns would be mixed, or both paid for."""
    world = World(site)
    job = world.upload(_KEY, _UNCLEAR, metadata={"courier-column": "1"})
    world.run(until_state="Wait")
    world.cancel(job)
    world.run()

    late = reread(world, job, column="2")
    world.retry(job)
    world.run()

    assert late.status == 409
    assert late.document["type"].endswith(":options-too-late")
    assert "may have been sent" in late.document["detail"]
    assert world.outcome(job) is Outcome.SUCCEEDED
    assert sent(site, job) == [_FIRST]


@pytest.mark.parametrize("error", ["", "SourceMissing"])
def test_shards_that_may_be_paid_are_not_read_in_another_way(
    site: Site, error: str
) -> None:
    """The job's own record does not say whether one of them was sent.

    Its error may be that of another shard, whose file was deleted.
    """
    world = World(site, ipqs={"max_upload_rows": 1})
    job = world.upload(_KEY, _UNCLEAR, metadata={"courier-column": "1"})
    world.run(until_state="Requests")
    world.cancel(job)
    world.run()
    world.jobs.items[job.job_id]["error"] = {"S": error}

    assert reread(world, job, column="2").status == 409
    assert shown(world, job)["attempt"] == 1


def _resent_and_refused(site: Site) -> tuple[World, Job]:
    """Return a failed job: its first try is paid for, its second was refused."""
    world = World(site, ipqs={"resubmit_unlisted": True})
    site.ipqs.behave(list_lag_seconds=9e9)
    refusals = [Answer.refusal("Not today.")] * 2
    site.ipqs.script("upload", [Answer.dropped_after(), *refusals])
    job = world.upload(_KEY, _UNCLEAR, metadata={"courier-column": "1"})
    world.run()
    return world, job


@pytest.mark.fault(17)
def test_what_was_sent_and_not_listed_is_not_read_in_another_way(site: Site) -> None:
    """The second try was surely refused, but the first one may be paid for."""
    world, job = _resent_and_refused(site)
    item = world.item(job.job_id)
    assert (item["error"], "intent" in item) == ("ProviderRejected", False)
    assert item["error_key"]  # what the provider says of the second one

    assert reread(world, job, column="2").status == 409
    assert sent(site, job) == [_FIRST]


@pytest.mark.fault(17)
def test_what_is_listed_after_it_was_sent_again_is_not_sent_a_third_time(
    site: Site,
) -> None:
    """The second try was surely refused, and the first one is paid for."""
    world = World(site, ipqs={"resubmit_unlisted": True})
    site.ipqs.behave(list_lag_seconds=3_700.0)
    later = Answer.http(429, retry_after="600")
    site.ipqs.script("upload", [Answer.dropped_after(), later])
    job = world.upload(_KEY, _UNCLEAR, metadata={"courier-column": "1"})

    world.run()

    assert shown(world, job)["outcome"] == "succeeded"
    assert sent(site, job) == [_FIRST]


@pytest.mark.fault(17)
def test_a_retry_adopts_what_was_listed_after_it_was_sent_again(site: Site) -> None:
    """Its claim is released, but the one before it is paid for."""
    world, job = _resent_and_refused(site)
    assert shown(world, job)["outcome"] == "failed"

    site.ipqs.behave(list_lag_seconds=0.0)
    world.retry(job)
    world.run()

    assert shown(world, job)["outcome"] == "succeeded"
    assert sent(site, job) == [_FIRST]


def test_what_was_approved_was_the_other_column(site: Site) -> None:
    """A person has seen a quote, and not the one that is sent now."""
    world = World(site)
    job = world.upload(_KEY, _UNCLEAR, metadata=_QUOTED)
    world.run(until_state="Approve")
    world.approve(job)
    world.cancel(job)
    world.run()

    reread(world, job, column="2")
    world.run(until_state="Approve")
    waits = shown(world, job)
    world.approve(job)
    world.run()

    assert waits["quote"]["header"] == "Zubeida's kin"
    assert (waits["phase"], waits["approved_at"]) == ("quoted", None)
    assert sent(site, job) == [_SECOND]


def test_a_day_counts_what_is_read_anew(site: Site) -> None:
    """Else the second reading could send more than the day's limit allows."""
    world, job = stopped(site, "submit: dynamodb.UpdateItem", ipqs={"daily_values": 2})
    world.run(seconds=3600.0)

    answer = reread(world, job, column="2")
    assert answer.status == 202, answer
    world.run(until_state="Approve")

    assert shown(world, job)["approval"]["reason"] == "daily_values"
    assert sent(site, job) == []


def test_a_step_that_may_still_read_is_waited_for(site: Site) -> None:
    """Its work files would be taken for those of the next attempt."""
    world, job = stopped(site, "prepare: s3.PutObject")

    early = reread(world, job, column="2")
    world.run(seconds=1000.0)
    later = reread(world, job, column="2")
    world.run()

    assert (early.status, later.status) == (409, 202), (early, later)
    assert "retry it after" in early.document["detail"]
    assert sent(site, job) == [_SECOND]


def test_cuts_of_another_column_are_not_used(site: Site) -> None:
    """A step that died may have written where it cut; its shards were never sent."""
    world, job = refused(site, ipqs={"max_upload_rows": 1})
    left = {"requests": [[1, 2]], "invalid": [], "kept": [], "by_record": False}
    parameters = {
        "Bucket": world.inbox,
        "Key": f"batches/ipqs/{job.job_id}/rows.json",
        "Body": json.dumps(left).encode(),
    }
    world.s3.call("PutObject", parameters)

    reread(world, job, column="2")
    world.run()

    assert shown(world, job)["quote"]["uploads"] == 2
    assert site.ipqs.charged == 2


@pytest.mark.parametrize("mode", [Mode.ERROR_BEFORE, Mode.ERROR_AFTER])
def test_a_retry_that_failed_is_repeated(site: Site, mode: Mode) -> None:
    """Whatever call of it fails: the list is read as it says, and paid for once."""
    world, job = refused(site)
    before = len(world.injector.calls)
    reread(world, job, column="2")
    calls = range(before, len(world.injector.calls))

    for at in calls:
        world, job = refused(site, faults=[Fault(at, mode)])
        reread(world, job, column="2")
        world.run()

        assert sent(site, job) == [_SECOND]
        assert world.outcome(job) is Outcome.SUCCEEDED


def test_what_is_said_of_a_list_is_in_no_log(site: Site) -> None:
    """A header is the uploader's word."""
    world, job = refused(site)

    reread(world, job, column="Zubeida's kin")
    world.run()

    canary = Canary(("Zubeida",))
    for line in world.log.getvalue().splitlines():
        if '"statusCode": 20' not in line:  # an answer of the API
            canary.search("log", line)
    histories = [each.events for each in world.machine.executions.values()]
    canary.search("history", json.dumps(histories, default=str))
    canary.search("notices", json.dumps(world.sns.messages))
    assert not canary.found


def test_requests_have_no_column(site: Site) -> None:
    """What would be ignored is refused where it is asked for."""
    world = World(site)
    job = world.upload("txncheck/full-check/a.csv", BATCH.replace(b"mobile", b"x"))
    world.run()

    answer = reread(world, job, header=False)

    assert answer.status == 400
    (error,) = answer.document["errors"]
    assert error["pointer"] == "/header"
    assert error["detail"] == "is for lists, which txncheck does not take"


@pytest.mark.parametrize("body", [None, {}])
def test_a_retry_need_not_say_anything(site: Site, body: dict[str, Any] | None) -> None:
    """Clients of an earlier release send no body."""
    world, job = refused(site)

    answer = world.call_api("POST", f"/jobs/{job.job_id}/retry", body)

    assert answer.status == 202


def test_a_running_job_reads_on(site: Site) -> None:
    """It must not look as if it had been told in time."""
    world = World(site)
    job = world.upload(_KEY, _UNCLEAR, metadata={"courier-column": "1"})
    world.run(until_state="Wait")

    answer = reread(world, job, column="2")

    assert answer.document["type"].endswith(":job-running")
