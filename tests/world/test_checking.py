"""Checking: who asks for a check gets an answer, and the job is none the worse."""

import json
import math
from typing import Any

import pytest

from functions.api import checking
from functions.aws.check_spacing import SPACING_SECONDS
from functions.core.metrics import Metric
from functions.core.model import Job, Outcome
from local.simulators.faults import Answer
from tests.faults.scenarios import BATCH, LIST, REQUEST
from tests.world.injection import FOUR_MODES, Fault, Mode
from tests.world.site import Site
from tests.world.world import World

_LIST_KEY = "ipqs/email/people of asha.csv"
_REQUEST_KEY = "txncheck/full-check/one person.json"
_BATCH_KEY = "txncheck/full-check/some people.csv"
_STATUS = "/status/"


def waiting(site: Site, *faults: Fault) -> tuple[World, Job]:
    """Return a list whose job waits, a minute after its submission, in a plain wait."""
    world = World(site, faults)
    site.ipqs.behave(seconds_processing=600.0, columns=("Email Address", "Valid"))
    job = world.upload(_LIST_KEY, LIST)
    world.run(seconds=60.0)
    world.run(until_state="Wait")
    return world, job


def listening(site: Site, *faults: Fault) -> tuple[World, Job]:
    """Return a request whose job waits for a webhook that is lost; it is finished."""
    world = World(site, faults, webhooks=True, lost_webhooks=99)
    site.txncheck.behave(seconds_queued=300.0, seconds_processing=300.0)
    job = world.upload(_REQUEST_KEY, REQUEST)
    world.run(seconds=610.0)
    world.run(until_state="Listen")
    return world, job


def calls_of(site: Site) -> int:
    """Return how often IPQS was asked for a status."""
    return sum(_STATUS in request.path for request in site.ipqs.requests)


def stored(world: World, job: Job) -> tuple[Any, ...]:
    """Return what is stored of a job, and where its execution is."""
    (execution,) = world.executions(job)
    return world.item(job.job_id), world.objects(job), execution.state


def test_in_a_plain_wait_the_provider_is_asked_once(site: Site) -> None:
    """The answer is shown, and the job goes on at its next check as before."""
    world, job = waiting(site)
    before, calls = stored(world, job), calls_of(site)

    answer = world.check(job)

    assert answer.status == 200
    assert (answer.document["phase"], answer.document["woken"]) == ("running", False)
    assert answer.document["error"] is None
    shown = world.call_api("GET", f"/jobs/{job.job_id}").document
    assert answer.document["next_check_at"] == shown["next_check_at"]
    assert stored(world, job) == before
    assert calls_of(site) == calls + 1
    world.run()
    assert world.outcome(job) is Outcome.SUCCEEDED
    assert len(world.notices(job)) == 1


def test_what_the_provider_says_is_shown_and_not_believed(site: Site) -> None:
    """The job finds out by itself; no link, of which each works once, is opened."""
    world, job = waiting(site)
    site.clock.advance(600.0)
    before = stored(world, job)

    answer = world.check(job)

    assert answer.document["phase"] == "finished"
    assert stored(world, job) == before
    assert not [r for r in site.ipqs.requests if "download" in r.path]
    assert "http" not in json.dumps(answer.document)


def test_the_function_with_the_key_gets_no_personal_data(site: Site) -> None:
    """The key of an object is what its uploader has called it."""
    world, job = waiting(site)

    world.check(job)

    (call,) = (c for c in world.aws_calls if (c.caller, c.service) == ("api", "lambda"))
    assert b"asha" not in call.parameters["Payload"]
    calls = {c.service for c in world.aws_calls if c.caller == "check_now"}
    assert calls <= {"secretsmanager", "sts"}


def test_a_wait_that_listens_is_ended(site: Site) -> None:
    """The job checks by itself, as after a webhook, and only that counts."""
    world, job = listening(site)
    polls = world.item(job.job_id)["polls"]

    answer = world.check(job)
    world.run(seconds=10.0)

    assert (answer.status, answer.document["woken"]) == (200, True)
    assert answer.document["phase"] is answer.document["next_check_at"] is None
    assert world.outcome(job) is Outcome.SUCCEEDED
    assert int(world.item(job.job_id)["polls"]) == int(polls) + 1
    assert Metric.WEBHOOKS_MISSED.title not in world.log.getvalue()
    assert not [c for c in world.aws_calls if c.caller == "check_now"]


@pytest.mark.fault(140)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"token": ""}, id="gone"),
        pytest.param({"token": "of a wait that is over"}, id="over"),
        pytest.param({"wait_reason": "unconfirmed"}, id="another has begun"),
    ],
)
def test_without_a_wait_to_end_the_provider_is_asked(
    site: Site, changes: dict[str, str]
) -> None:
    """The wait may end by itself at that moment, and its token be of no use.

    The next one may be one that only its time ends, which the job's record does not say
    to who has read it before.
    """
    world, job = listening(site)
    for item in world.waits.items.values():
        if "token" in item:
            item.update({name: {"S": value} for name, value in changes.items()})

    answer = world.check(job)

    assert (answer.document["woken"], answer.document["phase"]) == (False, "finished")
    world.run()
    assert world.outcome(job) is Outcome.SUCCEEDED


@pytest.mark.fault(140)
def test_a_provider_that_is_down_is_told_of(site: Site) -> None:
    """The job, which has not asked, has not failed either."""
    world, job = waiting(site)
    before = stored(world, job)
    site.ipqs.script("status", [Answer.http(503)])

    answer = world.check(job)

    assert answer.status == 200
    assert answer.document["phase"] is None
    assert answer.document["error"]["name"] == "ProviderUnavailable"
    assert "the job goes on" in answer.document["error"]["advice"]
    assert stored(world, job) == before


def test_it_is_asked_for_only_so_often(site: Site) -> None:
    """Impatience must not use up the provider's patience."""
    world, job = waiting(site)
    world.check(job)
    calls = calls_of(site)

    refused = world.check(job)
    site.clock.advance(SPACING_SECONDS + 1)
    granted = world.check(job)

    assert (refused.status, granted.status) == (429, 200)
    assert refused.document["type"].endswith(":checked-lately")
    assert "Ask again in " in refused.document["detail"]
    assert calls_of(site) == calls + 1


@pytest.mark.fault(22)
@pytest.mark.fault(140)
def test_a_provider_that_throttles_is_left_alone(site: Site) -> None:
    """It says for how long, whoever was the one who asked."""
    world, job = waiting(site)
    site.ipqs.script("status", [Answer.http(429, retry_after="300")])

    throttled = world.check(job)
    site.clock.advance(200.0)
    refused = world.check(job)

    assert throttled.document["error"]["name"] == "ProviderThrottled"
    assert refused.status == 429
    assert "in 100 s" in refused.document["detail"]


@pytest.mark.fault(22)
@pytest.mark.fault(140)
def test_a_wait_that_the_provider_asked_for_stays(site: Site) -> None:
    """The job waits because the provider wants it; so does who asks for a check."""
    world, job = waiting(site)
    site.ipqs.script("status", [Answer.http(429, retry_after="1800")])
    world.run(seconds=60.0)
    assert world.item(job.job_id)["next_check_reason"] == "asked"
    calls = calls_of(site)

    refused = world.check(job)

    assert refused.status == 429
    assert "asks to be left alone" in refused.document["detail"]
    assert calls_of(site) == calls


@pytest.mark.fault(140)
def test_a_bad_answer_is_not_confirmed_before_its_time(site: Site) -> None:
    """Three in a row end a job, so they must not be had for three clicks."""
    world = World(site, webhooks=True, lost_webhooks=99)
    site.txncheck.behave(seconds_queued=9e9)
    job = world.upload(_REQUEST_KEY, REQUEST)
    world.run(until_state="Listen")
    refusal = {"statusCode": 404, "message": "No", "error": "Not Found"}
    site.txncheck.script("check", [Answer.json(refusal, 404)])
    while world.item(job.job_id).get("next_check_reason") != "unconfirmed":
        world.run(seconds=0.5)
    before = stored(world, job)

    answer = world.check(job)

    assert (answer.document["woken"], answer.document["phase"]) == (False, "queued")
    assert stored(world, job) == before


@pytest.mark.fault(36)
def test_a_job_with_very_many_checks_is_not_woken(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each check adds to the history, whose length Step Functions limits."""
    world, job = listening(site)
    monkeypatch.setattr(checking, "MOST_CHECKS", int(world.item(job.job_id)["polls"]))

    answer = world.check(job)

    assert (answer.document["woken"], answer.document["phase"]) == (False, "finished")


def test_a_job_that_has_ended_is_not_checked(site: Site) -> None:
    """Its results say what the provider has said."""
    world, job = waiting(site)
    world.run()

    refused = world.check(job)

    assert refused.status == 409
    assert refused.document["type"].endswith(":job-ended")


@pytest.mark.parametrize(
    ("key", "content", "metadata", "state", "sentence"),
    [
        (_LIST_KEY, LIST, {"courier-quote": "yes"}, "Approve", "waits for approval"),
        (_LIST_KEY, LIST, {}, "Hold", "is not submitted yet"),
        (_BATCH_KEY, BATCH, {}, "Requests", "has several requests"),
    ],
)
def test_where_there_is_nothing_to_ask_it_says_why(
    site: Site,
    key: str,
    content: bytes,
    metadata: dict[str, str],
    state: str,
    sentence: str,
) -> None:
    """Nothing is asked, and so nothing keeps the next check from being had."""
    world = World(site)
    site.ipqs.behave(credits_back_at=math.inf)  # so that nothing is submitted
    job = world.upload(key, content, metadata=metadata)
    world.run(until_state=state)
    calls = calls_of(site)

    refused = [world.check(job), world.check(job)]

    assert {each.status for each in refused} == {409}
    assert sentence in refused[0].document["detail"]
    assert refused[0].document == refused[1].document
    assert calls_of(site) == calls


def test_a_job_that_fetches_its_results_is_left_alone(site: Site) -> None:
    """Each status has new links, which may spend the one that is being followed."""
    world, job = waiting(site)
    world.jobs.items[job.job_id]["phase"] = {"S": "finished"}
    calls = calls_of(site)

    refused = world.check(job)

    assert refused.status == 409
    assert "its results are fetched, or" in refused.document["detail"]
    assert calls_of(site) == calls


@pytest.mark.fault(140)
@pytest.mark.parametrize("mode", [*FOUR_MODES, Mode.ZOMBIE])
@pytest.mark.parametrize("wait", [waiting, listening])
def test_whatever_fails_the_job_goes_on(site: Site, wait: Any, mode: Mode) -> None:  # noqa: ANN401 - one of two functions
    """Each call of a check fails once; the job has its one result and one notice."""
    world, job = wait(site)
    first = len(world.injector.calls)
    world.check(job)
    names = world.injector.calls[first:]
    assert [n for n in names if n.startswith("api: ")]

    for at in range(first, first + len(names)):
        world, job = wait(site, Fault(at, mode))
        answer = world.check(job, tries=1)
        world.run()

        assert answer.status in (200, 429, 502, 503), names[at - first]
        assert world.outcome(job) is Outcome.SUCCEEDED, names[at - first]
        assert len(world.notices(job)) == 1
        sent = len(site.ipqs.csvs) + len(site.txncheck.accepted)
        assert sent == 1
