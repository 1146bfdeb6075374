"""Error details: what a provider says about a failure reaches who asks, and no log."""

import json
from typing import Any

import pytest

from functions.core.model import Job, Outcome
from local.simulators.faults import Answer
from local.simulators.txncheck import RequestOutcome
from tests.canary import Canary
from tests.faults.findings import leaks
from tests.faults.scenarios import BATCH, LIST, MOBILES, NAMES, REQUEST
from tests.world.injection import FOUR_MODES, Fault, Mode
from tests.world.site import IPQS_KEY, Site
from tests.world.world import World

_KEY = "txncheck/full-check/a person.json"
_BATCH_KEY = "txncheck/full-check/people.csv"
_PUT = "check: s3.PutObject"


def declined(site: Site, *faults: Fault) -> tuple[World, Job]:
    """Let the provider decline a request, and repeat it in its message."""
    world = World(site, faults)
    site.txncheck.behave(ends=RequestOutcome.BUSINESS_ERROR, echoes_input=True)
    job = world.upload(_KEY, REQUEST)
    world.run()
    return world, job


def lines(content: bytes) -> list[dict[str, Any]]:
    """Return the JSON documents of lines."""
    return [json.loads(line) for line in content.splitlines()]


def test_a_declined_request_leaves_the_providers_words(site: Site) -> None:
    """`ProviderDeclined` alone does not say that the mobile is not registered."""
    world, job = declined(site)

    (details,) = lines(world.objects(job)["error.json"])
    key = f"txncheck/full-check/{job.job_id}/error.json"
    assert details["job_id"] == job.job_id
    assert details["error"] == "ProviderDeclined"
    assert details["message"].startswith("Nothing was found for ")
    assert details["errors"]["request"]["class"] == "PROVIDER_BUSINESS_ERROR"
    assert [notice["error_key"] for notice in world.notices(job)] == [key]
    shown = world.call_api("GET", f"/jobs/{job.job_id}").document
    assert shown["error_key"] == key
    link = world.call_api("GET", f"/jobs/{job.job_id}/error").document
    assert shown["links"]["error"] == f"/local/jobs/{job.job_id}/error"
    assert (link["key"], f"/{key}?" in link["href"]) == (key, True)


def refused(
    site: Site,
    *faults: Fault,
    key: str = _KEY,
    content: bytes = REQUEST,
    times: int = 2,
) -> tuple[World, Job]:
    """Let the provider refuse to take a request, and repeat it in its messages."""
    world = World(site, faults)
    messages = [f"mobile {MOBILES[0]} must be longer", f"name {NAMES[0]} is short"]
    body = {"statusCode": 400, "message": messages, "error": "Bad Request"}
    site.txncheck.script("submit", [Answer.json(body, 400)] * times)
    job = world.upload(key, content)
    world.run()
    return world, job


@pytest.mark.fault(85)
def test_a_refused_request_leaves_the_providers_words(site: Site) -> None:
    """`ProviderRejected` alone does not say which field to correct."""
    world, job = refused(site)

    (details,) = lines(world.objects(job)["error.json"])
    assert details["error"] == world.item(job.job_id)["error"] == "ProviderRejected"
    assert details["message"].startswith(f"mobile {MOBILES[0]} must be longer; name ")
    assert details["errors"]["request"]["class"] == "BADREQUEST"
    assert [notice["error"] for notice in world.notices(job)] == ["ProviderRejected"]
    shown = world.call_api("GET", f"/jobs/{job.job_id}").document
    assert shown["error_key"].endswith(f"{job.job_id}/error.json")
    assert list(leaks(world, Canary((*MOBILES, *NAMES, "must be longer")))) == []


@pytest.mark.fault(19)
@pytest.mark.fault(26)
def test_a_refused_list_leaves_the_providers_words(site: Site) -> None:
    """Which rule it breaks, without the key that they may repeat."""
    world = World(site)
    said = f"Row 3, {IPQS_KEY}: a@rows.example has no column."
    site.ipqs.script("upload", [Answer.refusal(said)] * 2)
    job = world.upload("ipqs/email/a.csv", LIST)
    world.run()

    (details,) = lines(world.objects(job)["error.json"])
    assert details["error"] == world.item(job.job_id)["error"] == "ProviderRejected"
    assert details["message"] == "Row 3, [key]: a@rows.example has no column."
    (notice,) = world.notices(job)
    assert (notice["outcome"], notice["error"]) == ("failed", "ProviderRejected")
    assert notice["error_key"] == f"ipqs/email/{job.job_id}/error.json"
    assert list(leaks(world, Canary(("a@rows.example", "has no column")))) == []


def test_a_refused_request_is_not_sent_twice_where_its_words_are_not_stored(
    site: Site,
) -> None:
    """The step that tries again is refused again, and nothing was ever paid."""
    undisturbed, _ = refused(site)
    at = undisturbed.injector.calls.index("submit: s3.PutObject")

    for mode in FOUR_MODES:
        world, job = refused(site, Fault(at, mode))

        assert world.outcome(job) is Outcome.FAILED
        assert not site.txncheck.accepted
        assert [*world.objects(job)] == ["error.json"]


def test_a_refused_row_of_a_batch_has_the_providers_words(site: Site) -> None:
    """In result.jsonl, and beside the record in joined.csv."""
    world, job = refused(site, key=_BATCH_KEY, content=BATCH + b"+919800000000,Eve\n")

    first, second, third = lines(world.objects(job)["result.jsonl"])
    assert {first["error"], second["error"]} == {"ProviderRejected"}
    assert first["message"].startswith("mobile ")
    assert third["outcome"] == "succeeded"
    assert b"ProviderRejected: mobile" in world.objects(job)["joined.csv"]


@pytest.mark.fault(85)
def test_the_providers_words_are_in_no_log_state_table_or_notice(site: Site) -> None:
    """They may repeat the request, which is personal data."""
    world, job = declined(site)

    assert MOBILES[0].encode() in world.objects(job)["error.json"]
    canary = Canary((*MOBILES, *NAMES, "Nothing was found"))
    assert list(leaks(world, canary)) == []


@pytest.mark.fault(81)
@pytest.mark.parametrize("mode", FOUR_MODES)
def test_a_second_try_finds_the_words_of_the_first(site: Site, mode: Mode) -> None:
    """Whatever fails from then on, nobody is told of an object that is not there."""
    undisturbed, _ = declined(site)
    calls = undisturbed.injector.calls

    for at in range(calls.index(_PUT), len(calls)):
        world, job = declined(site, Fault(at, mode))

        assert world.injector.calls[at] == calls[at]
        assert world.outcome(job) is Outcome.FAILED
        for notice in world.notices(job):
            assert notice["error"] == "ProviderDeclined"
            assert notice["error_key"].endswith("/error.json")
        assert world.notices(job)
        assert [*world.objects(job)] == ["error.json"]
        assert list(leaks(world, Canary((*MOBILES, *NAMES)))) == []


def test_each_attempt_has_its_own_words(site: Site) -> None:
    """A retry may fail for another reason; a delivered one has no error any more."""
    world = World(site)
    site.txncheck.behave(ends=RequestOutcome.TEMPORARY)
    job = world.upload(_KEY, REQUEST)
    world.run()
    world.retry(job)
    world.run()

    keys = [notice["error_key"].rpartition("/")[2] for notice in world.notices(job)]
    assert keys == ["error.json", "error-2.json"]
    assert set(world.objects(job)) == {"error.json", "error-2.json"}


def test_the_words_of_each_attempt_can_be_fetched(site: Site) -> None:
    """What a later attempt says does not explain what the first one has failed for."""
    world, job = refused(site, times=1)
    site.txncheck.behave(ends=RequestOutcome.BUSINESS_ERROR)
    world.retry(job)
    world.run()
    path = f"/jobs/{job.job_id}"

    shown = world.call_api("GET", path).document
    answers = [
        world.call_api("GET", f"{path}/error", query=query).document
        for query in ({"attempt": "1"}, {"attempt": "2"}, None)
    ]

    (earlier,) = shown["earlier_attempts"]
    assert earlier["links"] == {"error": f"/local{path}/error?attempt=1"}
    assert [(each["attempt"], each["key"]) for each in answers] == [
        (1, earlier["error_key"]),
        (2, shown["error_key"]),
        (2, shown["error_key"]),
    ]
    assert all(f"/{each['key']}?" in each["href"] for each in answers)


def test_words_stay_when_a_retry_has_succeeded(site: Site) -> None:
    """The job has no error any more; that of its first attempt has its place."""
    world, job = refused(site, times=1)
    world.retry(job)
    world.run()
    path = f"/jobs/{job.job_id}/error"

    latest = world.call_api("GET", path)
    first = world.call_api("GET", path, query={"attempt": "1"})
    third = world.call_api("GET", path, query={"attempt": "3"})

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert (latest.status, first.status, third.status) == (409, 200, 409)
    assert first.document["key"].endswith("/error.json")


@pytest.mark.parametrize("attempt", ["0", "-1", "first", ""])
def test_an_attempt_is_a_number_from_1(site: Site, attempt: str) -> None:
    """What is no number must not be read as the latest."""
    world, job = declined(site)

    answer = world.call_api(
        "GET", f"/jobs/{job.job_id}/error", query={"attempt": attempt}
    )

    assert answer.status == 400
    assert [error["pointer"] for error in answer.document["errors"]] == ["attempt"]


def test_a_failed_row_of_a_batch_has_the_providers_words(site: Site) -> None:
    """Class and message say which row to correct, and which to send again."""
    world = World(site)
    content = b"mobile,name\n+919800000009,Asha\n+919800000000,Bina\n"
    job = world.upload(_BATCH_KEY, content)
    world.run()

    failed, succeeded = lines(world.objects(job)["result.jsonl"])
    assert (failed["row"], failed["error"]) == (1, "ProviderDeclined")
    assert failed["message"] == "Nothing was found"
    assert failed["errors"]["request"]["class"] == "PROVIDER_BUSINESS_ERROR"
    assert (succeeded["row"], succeeded["outcome"]) == (2, "succeeded")
    assert "message" not in succeeded
    assert world.notices(job)[-1]["error_key"] == ""


def test_a_batch_without_results_says_why_of_each_row(site: Site) -> None:
    """There is no result.jsonl to look into."""
    world = World(site)
    site.txncheck.behave(ends=RequestOutcome.BUSINESS_ERROR)
    content = BATCH + b"12345,No Mobile\n"
    job = world.upload(_BATCH_KEY, content)
    world.run()

    rows = lines(world.objects(job)["error.jsonl"])
    assert [row["row"] for row in rows] == [1, 2, 3]
    assert [row["error"] for row in rows] == [
        "ProviderDeclined",
        "ProviderDeclined",
        "RequestInvalid",
    ]
    assert {row.get("message") for row in rows[:2]} == {"Nothing was found"}
    assert world.notices(job)[-1]["error_key"].endswith("/error.jsonl")


@pytest.mark.parametrize(
    ("path", "problem"), [("/error", "no-error-details"), ("/results", "results-not")]
)
def test_a_running_job_has_neither_results_nor_an_error(
    site: Site, path: str, problem: str
) -> None:
    """A client can tell this from a job that does not exist."""
    world = World(site)
    job = world.upload(_KEY, REQUEST)
    world.run(until_state="Wait")

    answer = world.call_api("GET", f"/jobs/{job.job_id}{path}")

    assert answer.status == 409
    assert problem in answer.document["type"]


def test_what_became_of_the_webhook_is_shown(site: Site) -> None:
    """Whoever set up webhooks would not learn that none can be delivered."""
    world = World(site, webhooks=True, lost_webhooks=9)
    site.txncheck.behave(webhook_retry_seconds=(), seconds_processing=2.0)
    job = world.upload(_KEY, REQUEST)
    world.run()

    shown = world.call_api("GET", f"/jobs/{job.job_id}").document

    assert shown["webhook_status"] == "FAILED"
    assert '"WebhooksUndelivered": 1' in world.log.getvalue()
