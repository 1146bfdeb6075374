"""List options: a person can say what a list does not show, however it is sent."""

import json
from typing import Any

import pytest

from functions.core.model import Job, Outcome
from tests.canary import Canary
from tests.faults.scenarios import BATCH, LIST
from tests.world.site import Site
from tests.world.test_joined import rows_of
from tests.world.test_verdict_memory import remembering, sent, verify
from tests.world.world import ApiResponse, World

_KEY = "ipqs/email/two columns.csv"
#: Both columns hold addresses.
_UNCLEAR = (
    "Käufer,Zubeida's kin\nasha@rows.example,bina@rows.example\n"
    "chand@rows.example,devi@rows.example\n"
).encode()
_FIRST = b"email\nasha@rows.example\nchand@rows.example\n"
_SECOND = b"email\nbina@rows.example\ndevi@rows.example\n"
_FORM = {"provider": "ipqs", "type": "email"}


def posted(world: World, form: ApiResponse, content: bytes) -> Job:
    """Upload a file with a form of the API."""
    assert form.status == 201, form
    prefix = "x-amz-meta-"
    metadata = {
        name.removeprefix(prefix): text
        for name, text in form.document["fields"].items()
        if name.startswith(prefix)
    }
    assert "".join(metadata.values()).isascii()
    return world.upload(form.document["key"], content, metadata=metadata)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({"column": "2"}, _SECOND, id="by number"),
        pytest.param({"column": "Zubeida's kin"}, _SECOND, id="by name"),
        pytest.param({"column": "KÄUFER"}, _FIRST, id="not in ASCII"),
        pytest.param({"column": "1", "header": True}, _FIRST, id="with a header"),
    ],
)
def test_an_upload_says_its_column(
    site: Site, asked: dict[str, Any], expected: bytes
) -> None:
    """Where two columns hold addresses, nobody but the uploader knows which."""
    world = World(site)
    job = posted(world, world.call_api("POST", "/uploads", _FORM | asked), _UNCLEAR)

    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert sent(site, job) == [expected]
    assert rows_of(world.objects(job))[0][5:7] == ["Käufer", "Zubeida's kin"]


@pytest.mark.parametrize(("header", "records"), [(True, 1), (False, 2)])
def test_an_upload_says_if_it_has_a_header(
    site: Site, header: bool, records: int
) -> None:
    """A domain without a dot above domains looks like a header, and need not be one."""
    world = World(site)
    asked = {"provider": "ipqs", "type": "url", "header": header}
    form = world.call_api("POST", "/uploads", asked)
    job = posted(world, form, b"intranet\nrows.example\n")

    world.run()

    quote = world.call_api("GET", f"/jobs/{job.job_id}").document["quote"]
    assert quote["records"] == records
    assert quote["header"] == ("intranet" if header else None)


def test_a_request_for_a_job_says_its_column(site: Site) -> None:
    """An object that somebody else has put there can be verified as well."""
    world = World(site)
    job = world.upload(_KEY, _UNCLEAR, announce=False)
    request = {"key": job.key, "version_id": job.version_id, "column": "2"}

    first = world.call_api("POST", "/jobs", request)
    again = world.call_api("POST", "/jobs", request)
    world.announce(job)
    world.run()

    assert (first.status, again.status) == (202, 202)
    assert sent(site, job) == [_SECOND]


def test_a_request_says_more_than_the_object(site: Site) -> None:
    """A fresh job reads the same object in another way."""
    world = World(site)
    job = world.upload(_KEY, _UNCLEAR, metadata={"courier-column": "1"})
    world.run()
    request = {"key": job.key, "version_id": job.version_id, "fresh": True}

    fresh = world.call_api("POST", "/jobs", {**request, "column": "2"}).document
    world.run()

    assert sent(site, job) == [_FIRST]
    assert sent(site, job.with_(job_id=fresh["job_id"])) == [_SECOND]


@pytest.mark.parametrize("asked", [{"column": "2"}, {"header": False}])
def test_what_comes_too_late_is_refused(site: Site, asked: dict[str, Any]) -> None:
    """A job that reads another column than was asked for must not look accepted."""
    world = World(site)
    job = world.upload(_KEY, _UNCLEAR, metadata={"courier-column": "1"})
    world.run(until_state="Wait")
    request = {"key": job.key, "version_id": job.version_id}

    late = world.call_api("POST", "/jobs", request | asked)
    named = world.call_api("POST", "/jobs", {**request, "label": "June"})
    world.run()

    assert late.status == 409
    assert late.document["type"].endswith(":options-too-late")
    assert (named.status, sent(site, job)) == (202, [_FIRST])


def test_a_refusal_says_how_to_name_a_column(site: Site) -> None:
    """Who is told what is wrong has to learn what to do, wherever they look."""
    world = World(site)
    job = world.upload(_KEY, _UNCLEAR)

    world.run()

    error = world.call_api("GET", f"/jobs/{job.job_id}").document["error"]
    assert error["name"] == "SourceColumnUnclear"
    (notice,) = world.notices(job)
    for advice in (error["advice"], notice["advice"]):
        assert "2 columns hold e-mail addresses" in advice
        for way in ("--column", "--no-header", "`column`", "courier-column"):
            assert way in advice


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        ({"column": "Straße"}, "no column has the name that was given, of 2 columns"),
        ({"column": "3"}, "no column has the name that was given, of 2 columns"),
    ],
)
def test_a_column_that_does_not_exist_is_refused(
    site: Site, asked: dict[str, Any], rule: str
) -> None:
    """A slip of the pen must not choose another column, and costs nothing."""
    world = World(site)
    job = posted(world, world.call_api("POST", "/uploads", _FORM | asked), _UNCLEAR)

    world.run()

    error = world.call_api("GET", f"/jobs/{job.job_id}").document["error"]
    assert (world.outcome(job), sent(site, job)) == (Outcome.FAILED, [])
    assert rule in error["advice"]
    assert "--column" in error["advice"]


def test_metadata_that_cannot_be_read_are_refused(site: Site) -> None:
    """What somebody else has written there must not end as a crash."""
    world = World(site)
    metadata = {"courier-column": "=?no-such-charset?q?x?="}
    job = world.upload(_KEY, _UNCLEAR, metadata=metadata)

    world.run()

    error = world.call_api("GET", f"/jobs/{job.job_id}").document["error"]
    assert (error["name"], world.outcome(job)) == ("RequestInvalid", Outcome.FAILED)
    assert "courier-column" in error["advice"]


@pytest.mark.parametrize("asked", [{"column": "1"}, {"header": True}])
def test_requests_have_no_value_column(site: Site, asked: dict[str, Any]) -> None:
    """What would be ignored is refused where it is asked for."""
    world = World(site)
    form = {"provider": "txncheck", "type": "full-check", "name": "a.csv"}
    job = world.upload("txncheck/full-check/a.csv", BATCH, announce=False)
    request = {"key": job.key, "version_id": job.version_id}

    by_form = world.call_api("POST", "/uploads", form | asked)
    by_request = world.call_api("POST", "/jobs", request | asked)

    assert (by_form.status, by_request.status) == (400, 400)
    (error,) = by_form.document["errors"]
    assert error["detail"].endswith("members provider, type, name, quote")
    (error,) = by_request.document["errors"]
    assert error["pointer"] == f"/{next(iter(asked))}"
    assert error["detail"] == "is for lists, which txncheck does not take"


def test_a_column_is_no_secret_but_is_in_no_log(site: Site) -> None:
    """Headers are the uploader's words: logs and histories are read by more people."""
    world = World(site)
    asked = {**_FORM, "column": "Zubeida's kin"}
    posted(world, world.call_api("POST", "/uploads", asked), _UNCLEAR)
    late = world.upload(_KEY, LIST, announce=False)
    request = {"key": late.key, "version_id": late.version_id}
    world.call_api("POST", "/jobs", {**request, "column": "Zubeida's kin"})

    world.run()

    canary = Canary(("Zubeida",))
    for line in world.log.getvalue().splitlines():
        if '"statusCode": 20' not in line:  # an answer of the API
            canary.search("log", line)
    executions = world.machine.executions.values()
    canary.search("history", json.dumps([e.events for e in executions], default=str))
    canary.search("notices", json.dumps(world.sns.messages))
    assert set(canary.searched) == {"log", "history", "notices"}
    assert not canary.found


def test_an_upload_asks_for_new_verdicts(site: Site) -> None:
    """Who doubts what is remembered says so with the file, before anything is sent."""
    world = remembering(site)
    verify(world, _FIRST, "first")
    form = world.call_api("POST", "/uploads", {**_FORM, "fresh": True})

    jobs = [posted(world, form, _FIRST), world.upload(_KEY, _FIRST)]
    world.run()

    assert [sent(site, job) for job in jobs] == [[_FIRST], []]


_UNFIT = b"Mail,Who\nasha@rows.example,Asha\nbob,Bob\nbob,Bo\nchand@rows.example,C\n"


@pytest.mark.parametrize(
    ("asked", "settings", "is_sent"),
    [
        ({}, {}, False),
        ({"send_unfit": True}, {}, True),
        ({}, {"send_unfit": True}, True),
        ({"send_unfit": False}, {"send_unfit": True}, False),
    ],
)
def test_what_does_not_fit_is_sent_where_that_is_asked_for(
    site: Site, asked: dict[str, Any], settings: dict[str, Any], is_sent: bool
) -> None:
    """It is paid for, and comes back beside its record, which says what is odd."""
    world = World(site, ipqs=settings)
    job = posted(world, world.call_api("POST", "/uploads", _FORM | asked), _UNFIT)

    world.run()

    objects = world.objects(job)
    quote = world.call_api("GET", f"/jobs/{job.job_id}").document["quote"]
    manifest = json.loads(objects["manifest.json"])
    sent_unfit = b"bob\n" if is_sent else b""
    assert sent(site, job) == [
        b"email\nasha@rows.example\n" + sent_unfit + b"chand@rows.example\n"
    ]
    assert [row[1:3] for row in rows_of(objects)[2:4]] == (
        [["verified", "it has no @"], ["duplicate", "it has no @"]]
        if is_sent
        else [["not_sent", "it has no @"]] * 2
    )
    assert quote["to_send"] == site.ipqs.charged == (3 if is_sent else 2)
    assert quote["notes"] == (
        ["values that do not fit, and are sent all the same: 1"] if is_sent else []
    )
    assert manifest["rows"]["verdict"] == "complete"


def test_what_does_not_fit_is_not_remembered(site: Site) -> None:
    """Which texts are one value, only a rule says that they fit."""
    world = remembering(site)
    asked = {"send_unfit": True, **_FORM}
    posted(world, world.call_api("POST", "/uploads", asked), _UNFIT)
    world.run()

    job = posted(world, world.call_api("POST", "/uploads", asked), _UNFIT)
    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert sent(site, job) == [b"email\nbob\n"]


def test_a_request_may_ask_for_what_does_not_fit(site: Site) -> None:
    """As for a column: with `fresh`, of an object that is there already."""
    world = World(site)
    job = world.upload(_KEY, _UNFIT)
    world.run()
    request = {"key": job.key, "version_id": job.version_id, "send_unfit": True}

    late = world.call_api("POST", "/jobs", request)
    fresh = world.call_api("POST", "/jobs", {**request, "fresh": True}).document
    world.run()

    assert late.status == 409
    (content,) = sent(site, job.with_(job_id=fresh["job_id"]))
    assert b"\nbob\n" in content
