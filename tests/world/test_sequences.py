"""Sequences: what people do to files and names ends as they would expect.

The others are on the local stack, in `tests/integration/test_uploads.py`, because it is
S3 that they try: s19 (odd keys), s20 (repeated events), s22 (parts), s23 (forms). That
4,001 requests are sent (s18) is in `tests/charges/test_cases.py`.
"""

import pytest

from functions.core.model import Outcome
from tests.faults.scenarios import LIST, ROWS
from tests.world.site import Site
from tests.world.world import World

_KEY = "ipqs/email/export.csv"
_MOBILES = b"mobile\n" + b"".join(b"+91980000%04d\n" % number for number in range(4001))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("list (1).csv", id="s10"),
        pytest.param("x.CSV", id="s11-capitals"),
        pytest.param("liste é.csv", id="s11-accent"),
        pytest.param("o'neil.csv", id="s11-apostrophe"),
        pytest.param("a+b.csv", id="s11-plus"),
    ],
)
def test_s10_s11_a_name_that_s3_takes_is_taken(site: Site, name: str) -> None:
    """Browsers and people name files so, and look for that name afterwards."""
    world = World(site)
    body = {"provider": "ipqs", "type": "email", "name": name}

    form = world.call_api("POST", "/uploads", body)
    job = world.upload(form.document["key"], LIST)
    request = {**form.document["find_job"]["body"], "version_id": job.version_id}
    started = world.call_api("POST", "/jobs", request)
    world.run()

    assert (form.status, started.status) == (201, 202)
    assert world.outcome(job) is Outcome.SUCCEEDED
    shown = world.call_api("GET", f"/jobs/{job.job_id}").document
    assert shown["name"] == name


@pytest.mark.parametrize("name", ["a/b.csv", "a\nb.csv", "", "list.exe", "x" * 256])
def test_s10_s11_a_name_that_is_not_taken_is_named(site: Site, name: str) -> None:
    """Whoever is told only that the body is wrong looks at the wrong member."""
    world = World(site)
    body = {"provider": "ipqs", "type": "email", "name": name}

    answer = world.call_api("POST", "/uploads", body)

    assert answer.status == 400
    (error,) = answer.document["errors"]
    assert error["pointer"] == "/name"


def test_s14_an_edit_of_the_metadata_is_not_paid(site: Site) -> None:
    """The S3 console writes the same bytes once more; the second job says so."""
    world = World(site)
    first = world.upload(_KEY, LIST)
    world.run()

    again = world.upload(_KEY, LIST, metadata={"a": "b"})
    world.run()

    error = world.call_api("GET", f"/jobs/{again.job_id}").document["error"]
    assert error["name"] == "SourceRepeated"
    assert first.job_id[:12] in error["advice"]
    assert site.ipqs.charged == len(ROWS)


def test_s14_an_edit_is_paid_where_somebody_asks_for_it(site: Site) -> None:
    """The advice of the second job says how."""
    world = World(site)
    world.upload(_KEY, LIST)
    world.run()
    again = world.upload(_KEY, LIST, metadata={"a": "b"})
    world.run()

    world.retry(again)
    world.run()

    assert world.outcome(again) is Outcome.SUCCEEDED
    assert site.ipqs.charged == 2 * len(ROWS)


@pytest.mark.parametrize("name", [".DS_Store", "._list.csv", "_SUCCESS", "a_$folder$"])
def test_s16_a_marker_file_is_no_job(site: Site, name: str) -> None:
    """Programs leave them beside what they copy: no job, no alarm, one log line."""
    world = World(site)

    job = world.upload(f"ipqs/email/{name}", b"\0\0\0\1Bud1")
    world.run()

    assert world.executions(job) == []
    assert world.call_api("GET", "/jobs").document["jobs"] == []
    assert world.dead_letters == []
    assert world.log.getvalue().count("a marker file, no upload") == 1


def test_s18_what_bounds_a_batch_is_named(site: Site) -> None:
    """The advice named the setting for the size of an upload."""
    world = World(site, settings={"txncheck": {"max_batch_requests": 4000}})

    job = world.upload("txncheck/kyc-by-mobile/many.csv", _MOBILES)
    world.run()

    error = world.call_api("GET", f"/jobs/{job.job_id}").document["error"]
    assert "max_batch_requests" in error["advice"]
    assert "max_upload_bytes" not in error["advice"]
    assert site.txncheck.accepted == []
