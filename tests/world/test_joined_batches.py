"""Joined batches: the uploader's rows come back with the answer beside each."""

import csv
import io
import json
from typing import Any

import pytest

from functions.core.model import Job, Outcome
from local.simulators.txncheck import RequestOutcome
from tests.canary import find_leaks
from tests.unit.workbook_files import number, workbook
from tests.world.injection import Fault, Mode
from tests.world.site import Site
from tests.world.world import World

_KEY = "txncheck/full-check/people.csv"
#: Semicolons, a column of their own, a blank row, an equal one, a mistake, a failure.
_PEOPLE = (
    b"Nr;Mobile;Name\r\n"
    b"A1;+919800000000;Asha\r\n"
    b";;\r\n"
    b"A2;+919800000009;Bina\r\n"
    b"A3;+919800000000;Asha\r\n"
    b"A4;12;Chand\r\n"
    b"A5;+919800000009;Bina\r\n"
    b"A6;+919800000007;Devi\r\n"
)


def run(site: Site, *faults: Fault, content: bytes = _PEOPLE) -> tuple[World, Job]:
    """Upload a batch, and let its job end."""
    world = World(site, faults)
    job = world.upload(_KEY, content)
    world.run()
    return world, job


def joined(world: World, job: Job, name: str = "joined.csv") -> list[dict[str, str]]:
    """Return the records of a joined file."""
    text = world.objects(job)[name].decode()
    return [*csv.DictReader(io.StringIO(text, newline=""), strict=True)]


def manifest_of(world: World, job: Job, name: str = "manifest.json") -> dict[str, Any]:
    """Return a manifest."""
    manifest: dict[str, Any] = json.loads(world.objects(job)[name])
    return manifest


def test_each_record_has_its_answer_or_why_there_is_none(site: Site) -> None:
    """What result.jsonl has by number stands beside the uploader's own columns."""
    world, job = run(site)

    rows = joined(world, job)
    assert [(row["record"], row["courier_status"]) for row in rows] == [
        *(("1", "verified"), ("2", "blank"), ("3", "failed"), ("4", "duplicate")),
        *(("5", "not_sent"), ("6", "duplicate"), ("7", "verified")),
    ]
    assert [(row["Nr"], row["Mobile"], row["Name"]) for row in rows[:2]] == [
        ("A1", "+919800000000", "Asha"),
        ("", "", ""),
    ]
    reasons = [row["courier_reason"] for row in rows]
    assert reasons[2] == reasons[5] == "ProviderDeclined: Nothing was found"
    assert reasons[4] == "mobile: must be +91 and ten digits"
    assert reasons[6] == "the provider returned only a part of it"
    assert [row["courier_duplicate_of"] for row in rows][3:6] == ["1", "", "3"]
    theirs = [name for name in rows[0] if name.startswith("txncheck_")]
    assert {"txncheck_status", "txncheck_result.kycByMobile"} <= {*theirs}
    assert [rows[0][name] for name in theirs] == [rows[3][name] for name in theirs]
    line = json.loads(world.objects(job)["result.jsonl"].splitlines()[0])["result"]
    assert rows[0]["txncheck_status"] == line["status"] == "COMPLETED"
    kyc = json.loads(rows[0]["txncheck_result.kycByMobile"])
    assert kyc == line["result"]["kycByMobile"]
    assert not any(rows[2][name] for name in theirs)


def test_the_numbers_of_a_batch_are_those_of_its_rows(site: Site) -> None:
    """A row that the provider has declined is accounted for, though not verified."""
    world, job = run(site)

    manifest = manifest_of(world, job)
    assert manifest["schema_version"] == 2
    assert manifest["rows"] == {
        "records": 7,
        "blank": 1,
        "duplicates": 2,
        "not_sent": {"mobile: must be +91 and ten digits": 1},
        "remembered": 0,
        "sent": 3,
        "returned": 2,
        "failed": 1,
        "missing": 0,
        "unexpected": 0,
        "unexpected_rows": [],
        "is_whole": True,
        "invalid": 1,
        "received": {"result": 6},
        "verdict": "complete",
    }
    assert {file["kind"] for file in manifest["files"]} == {
        "result",
        "joined",
        "joined-parquet",
    }
    assert len(site.txncheck.accepted) == 3
    quote = world.call_api("GET", f"/jobs/{job.job_id}").document["quote"]
    assert quote == {
        "records": 7,
        "blank": 1,
        "duplicates": 2,
        "not_sent": {"mobile: must be +91 and ten digits": 1},
        "remembered": 0,
        "to_send": 3,
        "header": None,
        "notes": [],
        "uploads": 3,
        "credits_needed": 3,
        "credits_left": None,  # TxnCheck does not say
        "aws_usd": pytest.approx(0.0027, rel=0.1),
        "expected_seconds": None,  # of a batch, its rate decides
    }


def test_no_cell_of_a_batch_leaves_by_state_log_or_notice(site: Site) -> None:
    """Results are for those who may read the bucket."""
    world, job = run(site)

    states = [json.dumps(execution.output) for execution in world.executions(job)]
    notices = json.dumps(world.notices(job))
    for text in (*states, notices, world.log.getvalue()):
        assert not find_leaks(text, ("Asha", "Chand", "+9198000000"))


def test_objects_of_a_batch_are_joined_by_their_names(site: Site) -> None:
    """Names that come later are columns, too, and what is no text is JSON."""
    world = World(site)
    content = (
        b'{"mobile": "+919800000000", "name": "Asha", "tags": ["a", "b"]}\n'
        b"no object\n"
        b'{"name": "Bina", "mobile": "+919800000001", "note": null, "age": 41}\n'
    )
    job = world.upload("txncheck/full-check/people.jsonl", content)
    world.run()

    rows = joined(world, job)
    own = [[row[name] for name in ("mobile", "tags", "age")] for row in rows]
    assert own == [
        ["+919800000000", '["a", "b"]', ""],
        ["", "", ""],
        ["+919800000001", "", "41"],
    ]
    assert [row["courier_status"] for row in rows] == [
        "verified",
        "not_sent",
        "verified",
    ]


def test_a_workbook_is_a_batch(site: Site) -> None:
    """Its first row names the fields, and a row of it is a request."""
    world = World(site)
    rows = [
        ["Name", "Nr", "Mobile"],
        ["Asha", number("7", 1), number("919800000000", 2)],
        [],
        ["Bina", "0008", "919800000001"],
    ]
    content = workbook(rows, codes=["0000", '"+"0'])
    job = world.upload("txncheck/full-check/People.XLSX", content)
    world.run()

    back = joined(world, job)
    assert [(row["Nr"], row["Mobile"]) for row in back] == [
        ("0007", "+919800000000"),
        ("", ""),
        ("0008", "919800000001"),
    ]
    assert [row["courier_status"] for row in back] == [
        "verified",
        "blank",
        "not_sent",
    ]


def test_a_retried_batch_is_joined_once_more(site: Site) -> None:
    """What failed for now has its answer in the second file, and the rest as before."""
    world = World(site)
    job = world.upload(_KEY, b"mobile,name\n+919800000008,Asha\n+919800000000,Bina\n")
    world.run()
    site.txncheck.behave(ends=RequestOutcome.COMPLETED)
    world.retry(job)
    world.run()

    first, second = joined(world, job), joined(world, job, "joined-2.csv")
    assert [row["courier_status"] for row in first] == ["failed", "verified"]
    assert [row["courier_status"] for row in second] == ["verified", "verified"]
    assert second[1] == first[1] | {name: second[1][name] for name in second[1]}
    assert manifest_of(world, job, "manifest-2.json")["rows"]["returned"] == 2


def test_a_batch_without_results_is_not_joined(site: Site) -> None:
    """Its job has failed, and error.jsonl says why of each row."""
    world = World(site)
    site.txncheck.behave(ends=RequestOutcome.BUSINESS_ERROR)
    job = world.upload(_KEY, _PEOPLE)
    world.run()

    assert world.outcome(job) is Outcome.FAILED
    assert set(world.objects(job)) >= {"error.jsonl"}
    assert not [name for name in world.objects(job) if "joined" in name]


@pytest.mark.parametrize("mode", [Mode.ERROR_AFTER, Mode.ZOMBIE])
def test_a_batch_is_joined_whatever_fails_for_now(site: Site, mode: Mode) -> None:
    """Each file is written once, and says the same as without the failure."""
    world, job = run(site)
    expected = world.objects(job)
    calls = world.injector.calls
    start, end = calls.index("aws: lambda.join"), calls.index("aws: lambda.manifest")

    for at in range(start + 1, end):
        world, job = run(site, Fault(at, mode))

        assert world.outcome(job) is Outcome.PARTIAL, calls[at]
        assert world.objects(job)["joined.csv"] == expected["joined.csv"]
        assert manifest_of(world, job)["rows"]["verdict"] == "complete"
