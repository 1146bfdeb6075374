"""The sample events, parsed by the code that would receive them."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.core import identity
from functions.core.arrivals import arrivals, job_for
from functions.core.contract import operations
from functions.core.manifest import Verdict, manifest, reconciliation
from functions.core.model import Job, Next
from functions.runtime import gateway

_EVENTS = Path(__file__).parents[2] / "events"
_TYPES = {"ipqs": ("email", "phone", "proxy", "url")}


def _read(name: str) -> Any:  # noqa: ANN401 - this is the line that reads JSON
    return json.loads((_EVENTS / f"{name}.json").read_text())


def _bodies(name: str) -> list[str]:
    return [record["body"] for record in _read(name)["Records"]]


@pytest.mark.parametrize("name", ["intake-eventbridge", "intake-s3-notification"])
def test_intake_starts_the_same_job_from_either_form(name: str) -> None:
    """The two forms of S3's events differ in how they write the key."""
    found = [arrival for body in _bodies(name) for arrival in arrivals(body)]

    jobs = [job_for(arrival, types=_TYPES) for arrival in found]
    assert jobs == [Job.from_state(_read("execution"))]


def test_the_execution_is_named_after_its_object() -> None:
    """Who changes a sample's bucket has to change the id, and is told here how."""
    job = Job.from_state(_read("execution"))

    assert job.job_id == identity.of_object(job.bucket, job.key, job.version_id)


@pytest.mark.parametrize("name", ["execution", "submit", "check", "manifest"])
def test_a_state_is_a_whole_job(name: str) -> None:
    """A sample that lacks a field, or has one of old, teaches the wrong thing."""
    state = _read(name)

    assert Job.from_state(state).to_state() == state


def test_submit_has_a_job_that_is_not_at_the_provider() -> None:
    """Submit is for jobs without a reference."""
    assert not Job.from_state(_read("submit")).provider_ref


def test_check_has_a_job_that_is() -> None:
    """Check asks for a reference."""
    assert Job.from_state(_read("check")).provider_ref


def test_download_has_one_item_of_the_map() -> None:
    """Download gets the job, a kind of it, and which attempt it is."""
    event = _read("download")

    job = Job.from_state(event["job"])
    assert event["kind"] in job.kinds
    assert event["attempt"] == 0
    assert job.next is Next.COLLECT


def test_the_manifest_can_be_written() -> None:
    """The sample is a job that ended well, with rows that add up."""
    job = Job.from_state(_read("manifest"))

    assert manifest(job)["job_id"] == job.job_id
    assert reconciliation(job)["verdict"] == Verdict.COMPLETE


def test_conclude_has_what_a_catch_caught() -> None:
    """The error's name is all that Conclude takes from it."""
    event = _read("conclude")

    assert event["failure"]["Error"] == "CredentialsRejected"
    assert Job.from_state(event).provider_ref


def test_every_sample_is_described() -> None:
    """A file that the README of events/ does not name will not be found."""
    described = (_EVENTS / "README.md").read_text()

    for file in _EVENTS.glob("*.json"):
        assert f"`{file.name}`" in described


def test_the_api_reads_its_event() -> None:
    """A request as the console's test tab would send it."""
    (start,) = (
        op for op in operations(_TYPES, {"ipqs": (".csv",)}) if op.name == "startJob"
    )

    request = gateway.read(_read("api"), start)

    assert request.idempotency_key == "june-list-1"
    assert request.caller == "arn:aws:sts::111122223333:assumed-role/Analyst"
    assert request.jobs == "/dev/jobs"


def test_reflect_is_told_which_execution() -> None:
    """All else it asks Step Functions for: a key of ours keeps it out of events."""
    event = _read("reflect")

    assert event["detail"]["executionArn"] == event["resources"][0]
    assert event["detail"]["input"] is None
