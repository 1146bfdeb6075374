"""Cases: each file that people upload ends as they would expect, in all that they see.

What each costs, and of those that are refused the words, is in
`tests/charges/test_cases.py`. Here each runs through the whole product.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from functions.core.model import Job, Outcome
from local.simulators.txncheck import RequestOutcome
from tests.charges.test_cases import CASES, FOLDERS, REFUSED, SENT
from tests.world.site import Site
from tests.world.world import World

_TWELVE = {"verified": 12}
#: How many records come back with which status.
RECORDS: dict[str, dict[str, int]] = {
    "e01-bom-crlf.csv": _TWELVE,
    "e02-lone-cr.csv": _TWELVE,
    "e03-utf16le-tabs.csv": _TWELVE,
    "e04-dos-eof-1a.csv": _TWELVE,
    "e06-header-hindi.csv": _TWELVE,
    "e10-excel-trailing-empty-rows.csv": {**_TWELVE, "blank": 30},
    "e12-semicolon.csv": _TWELVE,
    "e13-quoted-newline.csv": _TWELVE,
    "e19-upper.CSV": _TWELVE,
    "e20-list.txt": _TWELVE,
    "e27-concatenated-with-boms.csv": {"verified": 2, "not_sent": 1},
    "e38-comment-first.csv": _TWELVE,
    "u03-host-first.csv": {"verified": 1},
    "t01-space-before-quote.csv": {"verified": 2},
    "t02-semicolon.csv": {"verified": 1},
    "t03-header-case-order-bom.csv": {"verified": 1},
    "t04-mobile-forms.csv": {"verified": 1, "not_sent": 13},
    "t05-names.csv": {"verified": 10, "not_sent": 3},
    "t08-duplicates.csv": {"verified": 1, "duplicate": 4},
    "t12-trailing-commas.csv": {"verified": 1, "blank": 2},
    "t23-some-fail.csv": {"verified": 2, "failed": 2},
    "t24-dos-eof.csv": {"verified": 1},
    "t33-blank-record-between.csv": {"verified": 3, "blank": 1},
}
#: A part of a batch's rows has no result; all other cases succeed.
_PARTIAL = ("t04-mobile-forms.csv", "t05-names.csv", "t23-some-fail.csv")


def run(
    site: Site,
    name: str,
    *,
    metadata: Mapping[str, str] | None = None,
    **options: Any,  # noqa: ANN401 - those of a world
) -> tuple[World, Job]:
    """Upload a case, and let its job end."""
    world = World(site, **options)
    folder = FOLDERS.get(name[:3]) or FOLDERS[name[0]]
    content = (CASES / name).read_bytes()
    job = world.upload(f"{folder}/{name}", content, metadata=metadata)
    world.run()
    return world, job


def joined(world: World, job: Job, name: str = "joined.csv") -> list[dict[str, str]]:
    """Return the records of the joined file, each with the names of its columns."""
    text = world.objects(job)[name].decode()
    return [*csv.DictReader(io.StringIO(text, newline=""), strict=True)]


def manifest_of(world: World, job: Job) -> dict[str, Any]:
    """Return the first attempt's manifest."""
    manifest: dict[str, Any] = json.loads(world.objects(job)["manifest.json"])
    return manifest


def shown(world: World, job: Job) -> dict[str, Any]:
    """Return the job as the API shows it."""
    return dict(world.call_api("GET", f"/jobs/{job.job_id}").document)


@pytest.mark.parametrize("name", RECORDS)
def test_each_record_of_a_case_comes_back(site: Site, name: str) -> None:
    """Under its own number, and what is counted is what is sent."""
    world, job = run(site, name)

    rows = joined(world, job)
    assert [row["record"] for row in rows] == [str(n + 1) for n in range(len(rows))]
    assert Counter(row["courier_status"] for row in rows) == RECORDS[name]
    is_partial = name in _PARTIAL
    assert world.outcome(job) is (Outcome.PARTIAL if is_partial else Outcome.SUCCEEDED)
    numbers = manifest_of(world, job)["rows"]
    assert (numbers["records"], numbers["verdict"]) == (len(rows), "complete")
    assert numbers["sent"] == SENT[name][0]
    assert site.ipqs.charged + site.txncheck.charged == SENT[name][0]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_case_says_why_wherever_people_look(site: Site, name: str) -> None:
    """Unpaid; the API and the notice have the same sentence, and nothing is stored."""
    error, _ = REFUSED[name]

    world, job = run(site, name)

    assert (world.outcome(job), shown(world, job)["error"]["name"]) == (
        Outcome.FAILED,
        error,
    )
    (notice,) = world.notices(job)
    assert notice["advice"] == shown(world, job)["error"]["advice"] != ""
    assert (site.ipqs.requests, site.txncheck.requests) == ([], [])
    assert world.objects(job) == {}


def test_each_case_has_a_line() -> None:
    """A case without one is a file that nobody runs."""
    requests = {"t19-bom-crlf.json"}

    assert {*RECORDS} | requests == {*SENT}


def test_columns_of_ones_own_come_back(site: Site) -> None:
    """e12: the town stands beside the verdict, and not in the address."""
    world, job = run(site, "e12-semicolon.csv")

    assert {(row["Email"].count("@"), row["Town"]) for row in joined(world, job)} == {
        (1, "Pune")
    }


def test_a_cell_may_have_lines(site: Site) -> None:
    """e13: each of the twelve notes has two, as RFC 4180 writes them."""
    world, job = run(site, "e13-quoted-newline.csv")

    notes = {row["Note"] for row in joined(world, job)}
    assert notes == {"first line\nsecond line"}


def test_another_encoding_is_read_where_that_is_allowed(site: Site) -> None:
    """e14: a German export is Windows-1252, and its owner may not know how to save."""
    world, job = run(site, "e14-latin1.csv", ipqs={"windows_1252": True})

    assert {row["courier_status"] for row in joined(world, job)} == {"verified"}
    assert "Windows-1252" in " ".join(shown(world, job)["quote"]["notes"])


def test_the_header_that_was_taken_is_named(site: Site) -> None:
    """u03: a bare host looks like one; the owner sees it before and after paying."""
    world, job = run(site, "u03-host-first.csv")

    assert shown(world, job)["quote"]["header"] == "intranet"
    assert manifest_of(world, job)["source"]["header"] == "intranet"


def test_a_list_without_a_header_says_so(site: Site) -> None:
    """u03 once more, with what overrides the guess."""
    world, job = run(site, "u03-host-first.csv", metadata={"courier-header": "no"})

    assert manifest_of(world, job)["source"]["header"] is None
    statuses = [row["courier_status"] for row in joined(world, job)]
    assert statuses == ["not_sent", "verified"]


def test_names_are_sent_as_they_are_written(site: Site) -> None:
    """t01 without the quotes around it, t05 with apostrophes, accents and Tamil."""
    run(site, "t01-space-before-quote.csv")
    first = {request.fields["name"] for request in site.txncheck.accepted}
    run(site, "t05-names.csv")
    second = {request.fields["name"] for request in site.txncheck.accepted}

    assert first == {"Asha Rao", "Ravi Nair"}
    assert second >= {"O'Brien", "José Ávila", "A", "ஆஷா ராவ்", 'Asha "Bunty" Rao'}


def test_rows_that_are_not_sent_are_named_by_record_and_rule(site: Site) -> None:
    """t04: thirteen forms of a mobile that the provider does not take."""
    world, job = run(site, "t04-mobile-forms.csv")

    *refused, good = joined(world, job)
    reasons = {row["courier_reason"] for row in refused}
    assert reasons == {"mobile: must be +91 and ten digits"}
    assert (good["record"], good["courier_status"]) == ("14", "verified")


def test_equal_rows_are_paid_once_and_answered_each(site: Site) -> None:
    """t08: one request, and five rows with the same answer."""
    world, job = run(site, "t08-duplicates.csv")

    first, *others = joined(world, job)
    theirs = [name for name in first if name.startswith("txncheck_")]
    assert len(site.txncheck.accepted) == 1
    assert theirs
    assert any(first[name] for name in theirs)
    for row in others:
        assert row["courier_duplicate_of"] == "1"
        assert [row[name] for name in theirs] == [first[name] for name in theirs]


def test_a_request_may_have_a_byte_order_mark(site: Site) -> None:
    """t19: one request, whose answer is a file of its own."""
    world, job = run(site, "t19-bom-crlf.json")

    assert world.outcome(job) is Outcome.SUCCEEDED
    assert "result.json" in world.objects(job)


def test_a_row_that_failed_for_now_is_retried_alone(site: Site) -> None:
    """t23: what has an answer, or has none for good, is not paid again."""
    world, job = run(site, "t23-some-fail.csv")
    assert shown(world, job)["retry"] == {"resends": 1, "resumes": 0, "joins": False}
    accepted = len(site.txncheck.accepted)

    site.txncheck.behave(ends=RequestOutcome.COMPLETED)
    world.retry(job)
    world.run()

    (again,) = site.txncheck.accepted[accepted:]
    assert again.fields["mobile"] == "+919800000008"
    statuses = [row["courier_status"] for row in joined(world, job, "joined-2.csv")]
    assert statuses == ["verified", "verified", "failed", "verified"]


def test_a_blank_record_has_a_number_in_every_answer(site: Site) -> None:
    """t33: record 3 is Ravi."""
    world, job = run(site, "t33-blank-record-between.csv")

    lines = map(json.loads, world.objects(job)["result.jsonl"].splitlines())
    assert [line["row"] for line in lines] == [1, 3, 4]
    rows = {row["record"]: row for row in joined(world, job)}
    assert (rows["3"]["name"], rows["3"]["courier_status"]) == ("Ravi Nair", "verified")
    assert [request.fields["name"] for request in site.txncheck.accepted][1] == (
        "Ravi Nair"
    )
