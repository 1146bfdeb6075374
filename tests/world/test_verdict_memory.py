"""Verdict memory: what was verified lately is not paid again, and is not readable."""

import json
from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

import pytest

from functions.core import keys
from functions.core.errors import RowsUnjoinable
from functions.core.model import Job, Outcome
from functions.joining.join import Join
from local.simulators.faults import Answer
from tests.world.injection import FOUR_MODES, Fault, Mode
from tests.world.site import Site
from tests.world.test_joined import manifest_of, rows_of
from tests.world.world import World

_DAYS, _DAY = 30, 86_400.0
_FIRST = b"Nr,E-Mail\n1,asha@rows.example\n2,bina@rows.example\n3,chand@rows.example\n"
#: One that is known in other letters, twice; a new one; and one more that is known.
_SECOND = (
    b"E-Mail,Who\nASHA@rows.example,A\nasha@rows.example,a\ndevi@rows.example,D\n"
    b"bina@rows.example,B\n"
)
_NEW = b"email\ndevi@rows.example\n"


def remembering(
    site: Site, faults: Sequence[Fault] = (), *, days: int = _DAYS
) -> World:
    """Return a world with a memory."""
    world = World(site, faults, remember_days=days)
    site.ipqs.behave(columns=("Email Address", "Valid"))
    return world


def verify(world: World, content: bytes, name: str, **options: Any) -> Job:  # noqa: ANN401 - those of upload
    """Upload a list, and let its job end."""
    job = world.upload(f"ipqs/email/{name}.csv", content, **options)
    world.run()
    return job


def sent(site: Site, job: Job) -> list[bytes]:
    """Return what the provider has got of a job."""
    return [
        each.upload.read_bytes()
        for each in site.ipqs.csvs
        if each.file_name == f"{job.job_id}.csv" and each.upload
    ]


def test_a_second_list_pays_only_what_is_new(site: Site) -> None:
    """Its records come back with the verdicts of the first, as if they were its own."""
    world = remembering(site)
    verify(world, _FIRST, "first")

    second = verify(world, _SECOND, "second")

    assert sent(site, second) == [_NEW]
    header, *rows = rows_of(world.objects(second))
    assert header[5:] == ["E-Mail", "Who", "ipqs_Email Address", "ipqs_Valid"]
    day = "verified on 2025-06-15"
    assert [row[:5] + row[7:] for row in rows] == [
        ["1", "remembered", day, "clean", "", "ASHA@rows.example", "true"],
        ["2", "duplicate", "", "clean", "1", "ASHA@rows.example", "true"],
        ["3", "verified", "", "clean", "", "devi@rows.example", "true"],
        ["4", "remembered", day, "bad", "", "bina@rows.example", "false"],
    ]
    numbers = manifest_of(world.objects(second))["rows"]
    assert (numbers["records"], numbers["duplicates"]) == (4, 1)
    assert (numbers["remembered"], numbers["sent"], numbers["returned"]) == (2, 1, 1)
    assert numbers["verdict"] == "complete"
    quote = world.call_api("GET", f"/jobs/{second.job_id}").document["quote"]
    assert (quote["remembered"], quote["to_send"]) == (2, 1)
    assert '"VerdictsRecalled": 2' in world.log.getvalue()


def test_a_list_that_is_remembered_whole_is_delivered_unpaid(site: Site) -> None:
    """It has its joined file, its manifest and its notice, as any other."""
    world = remembering(site)
    first = verify(world, _FIRST, "first")
    before = len(world.injector.calls)

    second = verify(world, _FIRST, "second")

    assert world.outcome(second) is Outcome.SUCCEEDED
    calls = world.injector.calls[before:]
    assert not [call for call in calls if call.startswith(("ipqs.", "aws: lambda.sub"))]
    objects = world.objects(second)
    assert objects.keys() == {"joined.csv", "joined.parquet", "manifest.json"}
    rows, expected = rows_of(objects), rows_of(world.objects(first))
    assert [row[3:] for row in rows] == [row[3:] for row in expected]
    assert {row[1] for row in rows[1:]} == {"remembered"}
    numbers = manifest_of(objects)["rows"]
    assert (numbers["remembered"], numbers["sent"]) == (3, 0)
    assert (numbers["verdict"], numbers["is_whole"]) == ("complete", True)
    (notice,) = world.notices(second)
    assert (notice["outcome"], notice["verdict"]) == ("succeeded", "complete")


@pytest.mark.parametrize(("days", "known"), [(0, 0), (_DAYS, 3)])
def test_nothing_is_kept_unless_a_setting_says_so(
    site: Site, days: int, known: int
) -> None:
    """Who did not ask for a memory has none, and pays each list."""
    world = remembering(site, days=days)

    verify(world, _FIRST, "first")
    second = verify(world, _FIRST, "second")

    assert len(world.verdicts.items) == known
    assert len(sent(site, second)) == (not known)


def test_the_table_has_no_plain_value(site: Site) -> None:
    """Not in the column of values, nor in any other that repeats them."""
    world = remembering(site)
    result = (
        b"Address,Valid,Canonical,Note,User,Domain\n"
        b"asha@rows.example,true,ASHA@rows.example,saw asha@rows.example,asha,"
        b"rows.example\n"
    )
    site.ipqs.script("download", [Answer.file(result)] * 4)

    first = verify(world, b"asha@rows.example\n", "first")
    second = verify(world, b"Asha@rows.example\n", "second")

    (item,) = world.verdicts.items.values()
    assert "asha" not in json.dumps(item).casefold()
    assert item["job_id"] == {"S": first.job_id}
    (row,) = rows_of(world.objects(second))[1:]
    value = "Asha@rows.example"
    assert row[6:] == [value, "true", value, "", "", "rows.example"]


def test_a_verdict_expires(site: Site) -> None:
    """By the time of its table, also while DynamoDB has not deleted it yet."""
    world = remembering(site)
    first = verify(world, _FIRST, "first")
    verified_at = float(world.item(first.job_id)["finished_at"])
    (item, *_) = world.verdicts.items.values()
    assert float(item["expires_at"]["N"]) == int(verified_at + _DAYS * _DAY)

    site.clock.advance(_DAYS * _DAY)
    second = verify(world, _FIRST, "second")

    assert len(sent(site, second)) == 1


def test_what_was_recalled_is_joined_though_it_is_gone_meanwhile(site: Site) -> None:
    """It may expire, or be forgotten, while the rest is verified."""
    world = remembering(site)
    verify(world, _FIRST, "first")
    second = world.upload("ipqs/email/second.csv", _SECOND)
    world.run(until_state="Wait")

    world.verdicts.items.clear()
    world.run()

    numbers = manifest_of(world.objects(second))["rows"]
    assert (numbers["remembered"], numbers["missing"]) == (2, 0)
    assert numbers["verdict"] == "complete"


def test_a_fresh_list_is_verified_anew(site: Site) -> None:
    """Who doubts a verdict asks again, and the new one is kept."""
    world = remembering(site)
    first = verify(world, _FIRST, "first")

    by_metadata = verify(world, _FIRST, "second", metadata={"courier-fresh": "Yes"})
    body = {"key": first.key, "version_id": first.version_id, "fresh": True}
    started = world.call_api("POST", "/jobs", body).document
    world.run()

    by_api = first.with_(job_id=started["job_id"])
    assert [len(sent(site, job)) for job in (by_metadata, by_api)] == [1, 1]
    kept = {item["job_id"]["S"] for item in world.verdicts.items.values()}
    assert kept == {by_api.job_id}


def test_metadata_that_says_neither_is_refused(site: Site) -> None:
    """Before anything is paid, or not paid, by mistake."""
    world = remembering(site)

    job = verify(world, _FIRST, "first", metadata={"courier-fresh": "1"})

    assert world.item(job.job_id)["error"] == "RequestInvalid"
    assert not sent(site, job)


def test_what_the_provider_does_not_class_is_asked_again(site: Site) -> None:
    """A row that is in none of its lists may be classed the next time."""
    world = remembering(site)
    site.ipqs.behave(offered_kinds=frozenset({"clean", "all"}))
    clean = b"Email Address,Valid\nasha@rows.example,true\n"
    everything = clean + b"bina@rows.example,\n"
    site.ipqs.script("download", [Answer.file(clean), Answer.file(everything)])
    content = b"asha@rows.example\nbina@rows.example\n"
    first = verify(world, content, "first")
    lists = [row[3] for row in rows_of(world.objects(first))[1:]]

    second = verify(world, content, "second")

    assert lists == ["clean", ""]
    assert sent(site, second) == [b"email\nbina@rows.example\n"]


def test_a_job_succeeds_though_nothing_can_be_remembered(site: Site) -> None:
    """What it was for is delivered; the rest is counted, and paid for again."""
    world = remembering(site)
    first = world.upload("ipqs/email/first.csv", _FIRST)
    world.run(until_state="Wait")
    del world.dynamodb.tables[world.deployment.outputs[keys.ENV_MEMORY_TABLE]]

    world.run()

    assert world.outcome(first) is Outcome.SUCCEEDED
    assert len(rows_of(world.objects(first))) == 4
    assert '"VerdictsNotRemembered": 3' in world.log.getvalue()


def test_a_remembered_list_that_cannot_be_joined_fails(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing else to deliver; its retry recalls it anew, and joins it."""
    world = remembering(site)
    verify(world, _FIRST, "first")
    with monkeypatch.context() as patch:
        error = RowsUnjoinable("the database: one of its errors")
        patch.setattr(Join, "write", Mock(side_effect=error))
        second = verify(world, b"chand@rows.example\n", "second")
    failed = world.item(second.job_id)
    world.retry(second)
    world.run()

    assert (failed["outcome"], failed["error"]) == ("failed", "ResultsIncomplete")
    assert world.outcome(second) is Outcome.SUCCEEDED
    assert "joined-2.csv" in world.objects(second)
    assert not sent(site, second)


def test_forgotten_values_are_verified_anew(site: Site) -> None:
    """Who asks to be forgotten is, in whatever letters the request has the value."""
    world = remembering(site)
    verify(world, _FIRST, "first")
    body = {
        "provider": "ipqs",
        "type": "email",
        "values": ["ASHA@rows.example", "asha@rows.example", "no value", "x@y.example"],
    }

    answers = [world.call_api("POST", "/memory/forget", body) for _ in range(2)]
    second = verify(world, _FIRST, "second")

    assert [answer.document for answer in answers] == [
        {"values": 4, "forgotten": 1},
        {"values": 4, "forgotten": 0},
    ]
    assert sent(site, second) == [b"email\nasha@rows.example\n"]
    assert "asha" not in world.log.getvalue().casefold()


def test_nothing_is_forgotten_by_a_request_that_is_wrong(site: Site) -> None:
    """And the answer does not repeat what is wrong about it."""
    world = remembering(site)
    verify(world, _FIRST, "first")
    for values in ([], ["a@b.example"] * 101, ["asha@rows.example", "\n"], "asha"):
        body = {"provider": "ipqs", "type": "email", "values": values}

        answer = world.call_api("POST", "/memory/forget", body)

        assert answer.status == 400
        assert "asha" not in json.dumps(answer.document)
    assert len(world.verdicts.items) == 3


@pytest.mark.parametrize(("name", "call"), [("first", "join"), ("second", "prepare")])
def test_nothing_is_paid_twice_or_lost_where_the_memory_fails(
    site: Site, name: str, call: str
) -> None:
    """Every call of Join and of Prepare for the memory may fail."""

    def run(faults: Sequence[Fault] = ()) -> tuple[World, Job]:
        world = remembering(site, faults)
        verify(world, _FIRST, "first")
        return world, verify(world, _SECOND, "second")

    world, second = run()
    expected = world.objects(second)
    calls = world.injector.calls
    starts = [at for at, each in enumerate(calls) if each == f"aws: lambda.{call}"]
    start = starts[("first", "second").index(name)]
    end = next(at for at in range(start + 1, len(calls)) if calls[at].startswith("aws"))
    names = {each.rpartition(".")[2] for each in calls[start:end]}
    assert {"join": "BatchWriteItem", "prepare": "BatchGetItem"}[call] in names
    of_memory = ("BatchGetItem", "BatchWriteItem", "GetSecretValue")
    for at in (at for at in range(start, end) if calls[at].endswith(of_memory)):
        for mode in (*FOUR_MODES, Mode.ZOMBIE):
            world, second = run([Fault(at, mode)])

            assert world.outcome(second) is Outcome.SUCCEEDED, (calls[at], mode)
            objects = world.objects(second)
            assert manifest_of(objects)["rows"]["verdict"] == "complete"
            if 'VerdictsNotRemembered": 3' in world.log.getvalue():
                continue  # what could not be kept is sent again
            assert objects["joined.csv"] == expected["joined.csv"], (calls[at], mode)
            assert sent(site, second) == [_NEW]


def test_a_retry_leaves_the_shards_of_a_list_as_they_were(site: Site) -> None:
    """By then the memory knows the shards that were delivered; all records count."""
    world = World(site, remember_days=_DAYS, ipqs={"max_upload_rows": 2})
    site.ipqs.behave(columns=("Email Address", "Valid"))
    verify(world, _FIRST, "first")
    names = ("asha", "devi", "esha", "farid", "gita", "hari", "bina", "isha")
    rows = "".join(f"{name}@rows.example\n" for name in names)
    site.ipqs.script("upload", [Answer.refusal("Not today.")])
    job = verify(world, f"email\n{rows}".encode(), "second")
    assert world.outcome(job) is Outcome.PARTIAL

    world.retry(job)
    world.run()

    assert world.outcome(job) is Outcome.SUCCEEDED
    values = [each.upload.read_text() for each in site.ipqs.csvs if each.upload]
    lines = [line for text in values for line in text.splitlines()[1:]]
    assert len(lines) == len({*lines})  # none is paid twice
    second = world.objects(job)["joined-2.csv"]
    header, *joined = rows_of({"joined.csv": second})
    statuses = {row[header.index("email")]: row[1] for row in joined}
    known = {f"{name}@rows.example": "remembered" for name in ("asha", "bina")}
    sent_ = {f"{name}@rows.example": "verified" for name in names}
    assert statuses == sent_ | known
