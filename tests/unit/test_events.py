"""The sample events, parsed by the code that would receive them."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.api.request import read_request
from functions.api.routes import operations
from functions.core import identity
from functions.core.batch_results import parse_results
from functions.core.errors import PERMANENT
from functions.core.manifest import RowsVerdict, build_manifest, reconcile_rows
from functions.core.model import Job, Next, Outcome
from functions.core.s3_events import created_objects, job_for
from functions.core.settings_parser import parse
from functions.core.signatures import SignatureScheme, verify
from functions.core.signatures import SignatureVerdict as Signed
from functions.providers.txncheck.webhooks import parse_webhook

_EVENTS = Path(__file__).parents[2] / "events"
_TYPES = {"ipqs": ("email", "phone", "proxy", "url")}


def _read(name: str) -> Any:  # noqa: ANN401 - this is the line that reads JSON
    return json.loads((_EVENTS / f"{name}.json").read_text())


def _bodies(name: str) -> list[str]:
    return [record["body"] for record in _read(name)["Records"]]


@pytest.mark.parametrize("name", ["intake-eventbridge", "intake-s3-notification"])
def test_intake_starts_the_same_job_from_either_form(name: str) -> None:
    """The two forms of S3's events differ in how they write the key."""
    found = [arrival for body in _bodies(name) for arrival in created_objects(body)]

    jobs = [job_for(arrival, types=_TYPES) for arrival in found]
    assert jobs == [Job.from_state(_read("execution"))]


def test_the_execution_is_named_after_its_object() -> None:
    """Who changes a sample's bucket has to change the id, and is told here how."""
    job = Job.from_state(_read("execution"))

    assert job.job_id == identity.of_object(job.bucket, job.key, job.version_id)


@pytest.mark.parametrize(
    "name", ["execution", "submit", "check", "manifest", "prepare"]
)
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


def test_listen_has_a_job_that_waits_and_its_token() -> None:
    """Under its reference a webhook will find the wait."""
    event = _read("listen")

    job = Job.from_state(event["job"])
    assert job.to_state() == event["job"]
    assert job.next is Next.LISTEN
    assert job.provider_ref
    assert event["token"]


def test_webhook_is_signed_as_the_local_stage_has_it() -> None:
    """Whoever changes a word of it is told here that it has to be signed again."""
    event = _read("webhook")
    body = event["body"].encode()

    verdict = verify(
        _scheme(),
        ["an example, not a secret"],
        headers=event["headers"],
        body=body,
        now=float(event["headers"][_scheme().timestamp_header]),
    )

    webhook = parse_webhook(body)
    assert verdict is Signed.VALID
    assert webhook is not None
    assert webhook.reference == _read("listen")["job"]["provider_ref"]
    assert event["pathParameters"] == {"provider": "txncheck"}


def _scheme() -> SignatureScheme:
    courier = json.loads((_EVENTS.parent / "cdk.json").read_text())["context"][
        "courier"
    ]
    local = courier["stages"]["local"]["providers"]["txncheck"]
    return parse(SignatureScheme, local["webhook"], where="webhook")


def test_prepare_has_a_batch_and_gather_the_same_one() -> None:
    """Its object may hold many requests, and nothing of it is at the provider yet."""
    job = Job.from_state(_read("prepare"))

    assert job.next is Next.PREPARE
    assert not job.provider_ref
    assert job.job_id == identity.of_object(job.bucket, job.key, job.version_id)
    assert Job.from_state(_read("gather")).job_id == job.job_id


def test_gather_is_told_of_every_request() -> None:
    """In the words of the state machine: a number, an outcome, and perhaps an error."""
    event = _read("gather")
    job = Job.from_state(event)

    told = parse_results(event["answers"], requests=job.batch.requests)

    assert job.to_state() == {n: v for n, v in event.items() if n != "answers"}
    assert [one.outcome for one in told] == [
        Outcome.SUCCEEDED,
        Outcome.FAILED,
        Outcome.PARTIAL,
        Outcome.TIMED_OUT,
    ]
    assert {one.error for one in told if one.error} < {
        leaf.__name__ for leaf in PERMANENT
    }


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

    assert build_manifest(job)["job_id"] == job.job_id
    assert reconcile_rows(job)["verdict"] == RowsVerdict.COMPLETE


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

    request = read_request(_read("api"), start)

    assert request.idempotency_key == "june-list-1"
    assert request.caller == "arn:aws:sts::111122223333:assumed-role/Analyst"
    assert request.jobs == "/dev/jobs"


def test_reflect_is_told_which_execution() -> None:
    """All else it asks Step Functions for: a key of ours keeps it out of events."""
    event = _read("finalize_execution")

    assert event["detail"]["executionArn"] == event["resources"][0]
    assert event["detail"]["input"] is None
