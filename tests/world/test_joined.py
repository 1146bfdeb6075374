"""Joined: a list comes back whole with its verdicts, whatever fails on the way."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from functions.core.model import Job, Outcome
from local.simulators.faults import Answer
from tests.canary import find_leaks
from tests.world.injection import FOUR_MODES, Fault, Mode
from tests.world.site import Site
from tests.world.world import World

_KEY = "ipqs/email/export.csv"
#: An Excel export: semicolons, columns of their own, a duplicate, a blank, a mistake.
_EXPORT = (
    "\ufeffNr;Kunde;E-Mail\r\n"
    "1;Asha;asha@rows.example\r\n"
    '2;"Bina; ""the second""";bina@rows.example\r\n'
    "3;Asha;ASHA@rows.example\r\n"
    ";;\r\n"
    "5;Chand;chand at rows.example\r\n"
    "6;Devi; devi@rows.example\r\n"
).encode()
_PERSONAL = ("Asha", "Bina", "@rows.example", "Kunde")


def run(site: Site, faults: Sequence[Fault] = ()) -> tuple[World, Job]:
    """Upload the export, and let its job end."""
    world = World(site, faults)
    site.ipqs.behave(columns=("Email Address", "Valid"))
    job = world.upload(_KEY, _EXPORT)
    world.run()
    return world, job


def rows_of(objects: dict[str, bytes]) -> list[list[str]]:
    """Return the records of the joined file, with its header."""
    text = objects["joined.csv"].decode()
    return [*csv.reader(io.StringIO(text, newline=""), strict=True)]


def manifest_of(objects: dict[str, bytes]) -> dict[str, Any]:
    """Return the first attempt's manifest."""
    manifest: dict[str, Any] = json.loads(objects["manifest.json"])
    return manifest


def test_a_list_comes_back_with_its_verdicts(site: Site) -> None:
    """Each record is there once, in order, and the numbers are those of the rows."""
    world, job = run(site)

    objects = world.objects(job)
    header, *rows = rows_of(objects)
    assert header[5:8] == ["Nr", "Kunde", "E-Mail"]
    assert header[8:] == ["ipqs_Email Address", "ipqs_Valid"]
    assert [row[:2] for row in rows] == [
        *(["1", "verified"], ["2", "verified"], ["3", "duplicate"], ["4", "blank"]),
        *(["5", "not_sent"], ["6", "verified"]),
    ]
    assert rows[1][5:8] == ["2", 'Bina; "the second"', "bina@rows.example"]
    assert (rows[2][4], rows[2][8:]) == ("1", rows[0][8:])
    assert rows[4][2] == "it has no @"
    assert objects["joined.parquet"].startswith(b"PAR1")
    manifest = manifest_of(objects)
    assert manifest["schema_version"] == 2
    assert manifest["rows"] | {"received": {}} == {
        "records": 6,
        "blank": 1,
        "duplicates": 1,
        "not_sent": {"it has no @": 1},
        "remembered": 0,
        "sent": 3,
        "returned": 3,
        "failed": 0,
        "missing": 0,
        "unexpected": 0,
        "unexpected_rows": [],
        "is_whole": True,
        "invalid": 0,
        "received": {},
        "verdict": "complete",
    }
    rows_by_kind = {file["kind"]: file["rows"] for file in manifest["files"]}
    assert rows_by_kind["joined"] == rows_by_kind["joined-parquet"] == 6


def test_no_cell_leaves_by_state_log_or_notice(site: Site) -> None:
    """Results are for those who may read the bucket."""
    world, job = run(site)

    states = [json.dumps(execution.output) for execution in world.executions(job)]
    notices = json.dumps(world.notices(job))
    for text in (*states, notices, world.log.getvalue()):
        assert not find_leaks(text, _PERSONAL)


def test_nothing_is_lost_or_written_twice_where_join_fails_for_now(site: Site) -> None:
    """Every call of Join may fail, before or after it had its effect."""
    world, job = run(site)
    expected = world.objects(job)
    calls = world.injector.calls
    start = calls.index("aws: lambda.join")
    end = calls.index("aws: lambda.manifest")
    assert end - start > 8

    for at in range(start + 1, end):
        for mode in (*FOUR_MODES, Mode.ZOMBIE):
            world, job = run(site, [Fault(at, mode)])

            found = world.objects(job)
            assert world.outcome(job) is Outcome.SUCCEEDED, (calls[at], mode)
            assert found["joined.csv"] == expected["joined.csv"]
            assert found["joined.parquet"] == expected["joined.parquet"]
            assert manifest_of(found)["rows"] == manifest_of(expected)["rows"]
            versions = world.s3.buckets[world.results]
            assert {len(each) for each in versions.values()} == {1}


def test_a_list_that_cannot_be_joined_is_delivered(site: Site) -> None:
    """The provider's results are paid for; manifest, notice and table say the rest."""
    world = World(site)
    job = world.upload(_KEY, _EXPORT)
    world.run(until_state="Wait")
    inbox = world.s3.buckets[world.inbox]
    for key in [key for key in inbox if key.endswith("records.csv")]:
        del inbox[key]

    world.run()

    objects = world.objects(job)
    assert world.outcome(job) is Outcome.SUCCEEDED
    assert "all.csv" in objects
    assert not [name for name in objects if name.startswith("joined")]
    rows = manifest_of(objects)["rows"]
    assert (rows["verdict"], rows["join_error"]) == ("unjoined", "AwsRefused")
    assert world.item(job.job_id)["verdict"] == "unjoined"
    assert [notice["verdict"] for notice in world.notices(job)] == ["unjoined"]


def test_rows_that_the_provider_loses_are_named(site: Site) -> None:
    """Their owner sees which they are, and the verdict that there are some."""
    world = World(site)
    job = world.upload(_KEY, _EXPORT)
    result = b"Email Address,Valid\nasha@rows.example,true\n"
    site.ipqs.script("download", [Answer.file(result)] * 4)

    world.run()

    objects = world.objects(job)
    statuses = [row[1] for row in rows_of(objects)[1:]]
    assert statuses.count("missing") == 2
    rows = manifest_of(objects)["rows"]
    assert (rows["returned"], rows["missing"], rows["verdict"]) == (1, 2, "unaccounted")


def test_a_second_attempt_has_joined_files_of_its_own(site: Site) -> None:
    """Objects are never overwritten: each attempt names what it has written."""
    world = World(site)
    job = world.upload(_KEY, _EXPORT)
    world.run(until_state="Wait")
    world.cancel(job)
    world.run()

    world.retry(job)
    world.run()

    objects = world.objects(job)
    assert world.outcome(job) is Outcome.SUCCEEDED
    manifest = json.loads(objects["manifest-2.json"])
    names = {file["key"].rpartition("/")[2] for file in manifest["files"]}
    assert {"joined-2.csv", "joined-2.parquet"} <= names
    assert names <= objects.keys()
    assert manifest["rows"]["verdict"] == "complete"


def unjoined(
    site: Site,
    key: str,
    content: bytes,
    **options: Any,  # noqa: ANN401 - those of a world
) -> tuple[World, Job]:
    """Return a world with a job whose join failed for a reason that has passed."""
    world = World(site, **options)
    job = world.upload(key, content)
    world.run(until_state="Requests" if options or "/full-check/" in key else "Wait")
    inbox = world.s3.buckets[world.inbox]
    kept = {name: inbox.pop(name) for name in [*inbox] if name.endswith("table.json")}
    world.run()
    assert world.item(job.job_id)["verdict"] == "unjoined"
    inbox.update(kept)
    return world, job


@pytest.mark.parametrize(
    ("key", "content", "options"),
    [
        pytest.param(_KEY, _EXPORT, {}, id="list"),
        pytest.param(_KEY, _EXPORT, {"ipqs": {"max_upload_rows": 2}}, id="shards"),
        pytest.param(
            "txncheck/full-check/people.csv",
            b"mobile,name\n+919800000000,Asha\n,\n+919800000001,Bina\n",
            {},
            id="batch",
        ),
    ],
)
def test_what_could_not_be_joined_is_joined_by_a_retry(
    site: Site, key: str, content: bytes, options: dict[str, Any]
) -> None:
    """The results are there: the provider is paid nothing, and asked for nothing."""
    world, job = unjoined(site, key, content, **options)
    path = f"/jobs/{job.job_id}"
    retry = {"resends": 0, "resumes": 0, "joins": True}
    assert world.call_api("GET", path).document["retry"] == retry
    requests = len(site.ipqs.requests) + len(site.txncheck.requests)
    charged = site.ipqs.charged + site.txncheck.charged

    assert world.retry(job).status == 202
    world.run()

    assert len(site.ipqs.requests) + len(site.txncheck.requests) == requests
    assert site.ipqs.charged + site.txncheck.charged == charged
    objects = world.objects(job)
    first, second = (
        json.loads(objects[name]) for name in ("manifest.json", "manifest-2.json")
    )
    assert second["rows"]["verdict"] == "complete"
    assert {"joined-2.csv", "joined-2.parquet"} <= objects.keys()
    delivered = {file["kind"]: file["sha256"] for file in second["files"]}
    assert delivered.items() > {f["kind"]: f["sha256"] for f in first["files"]}.items()
    assert first.get("batch") == second.get("batch")
    assert [notice["verdict"] for notice in world.notices(job)] == [
        "unjoined",
        "complete",
    ]
    assert world.call_api("GET", path).document["retry"] is None
    assert world.retry(job).status == 409


def test_a_join_may_fail_more_than_once(site: Site) -> None:
    """Each attempt keeps what it has; one that was cancelled does not lose it."""
    world, job = unjoined(site, _KEY, _EXPORT)
    inbox = world.s3.buckets[world.inbox]
    (name,) = (name for name in inbox if name.endswith("table.json"))
    kept = inbox.pop(name)
    world.retry(job)
    world.run()
    assert world.item(job.job_id)["verdict"] == "unjoined"
    inbox[name] = kept
    requests = len(site.ipqs.requests)

    world.retry(job)
    world.cancel(job)
    world.run()
    world.retry(job)
    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert world.item(job.job_id)["verdict"] == "complete"
    assert "joined-4.csv" in world.objects(job)
    assert len(site.ipqs.requests) == requests
