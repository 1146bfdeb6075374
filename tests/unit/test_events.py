"""The sample events are valid: the code that receives them in AWS reads them here."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.api.request import read_request
from functions.api.routes import operations
from functions.aws.executions import execution_input
from functions.core import identity
from functions.core.manifest import build_manifest, joined_rows
from functions.core.model import Job, Next
from functions.core.notice import MESSAGE_FIELDS
from functions.core.notice_formats import read_notice
from functions.core.rows import RowsVerdict
from functions.core.s3_events import created_objects, job_for
from functions.core.settings_parser import parse
from functions.core.signatures import SignatureScheme, SignatureVerdict, verify
from functions.providers.txncheck.webhooks import parse_webhook

_EVENTS = Path(__file__).parents[2] / "events"
_TYPES = {"ipqs": ("email", "phone", "proxy", "url")}


def _read(name: str) -> Any:  # noqa: ANN401 - this is the line that reads JSON
    return json.loads((_EVENTS / f"{name}.json").read_text())


@pytest.mark.parametrize("name", ["intake-eventbridge", "intake-s3-notification"])
def test_intake_starts_the_same_job_from_either_form(name: str) -> None:
    """The two forms of S3 events write the key in different ways."""
    jobs = [
        job_for(created, types=_TYPES)
        for record in _read(name)["Records"]
        for created in created_objects(record["body"])
    ]

    assert jobs == [Job.from_state(_read("execution"))]


def test_the_job_id_belongs_to_the_object() -> None:
    """Whoever changes the bucket or the key of a sample has to change its job_id."""
    job = Job.from_state(_read("execution"))

    assert job.job_id == identity.of_object(job.bucket, job.key, job.version_id)


@pytest.mark.parametrize(
    "name", ["submit", "check", "join", "manifest", "conclude", "gather"]
)
def test_a_state_has_all_fields_of_a_job_and_no_others(name: str) -> None:
    """Readers take the samples for the description of a state."""
    state = _read(name)
    state.pop("failure", None)
    state.pop("answers", None)

    assert json.loads(json.dumps(Job.from_state(state).to_state())) == state


@pytest.mark.parametrize("name", ["execution", "prepare"])
def test_an_input_is_what_an_execution_is_started_with(name: str) -> None:
    """Starting an execution once more is no error only with the same input."""
    state = _read(name)

    assert execution_input(Job.from_state(state)) == state


def test_begin_has_the_job_and_the_execution_that_follows_it() -> None:
    """The execution that we start has the name of the job's attempt."""
    event = _read("begin")

    assert event["job"] == _read("execution")
    assert event["execution"] == Job.from_state(event["job"]).execution_name


def test_submit_has_a_job_without_a_reference() -> None:
    """A job with a reference was submitted already."""
    job = Job.from_state(_read("submit"))

    assert job.next is Next.SUBMIT
    assert job.prepared.key == f"batches/ipqs/{job.job_id}/submission.csv"
    assert not job.provider_ref


def test_check_has_a_job_with_a_reference() -> None:
    """Check asks the provider about that reference."""
    assert Job.from_state(_read("check")).provider_ref


def test_check_now_asks_about_the_same_submission_as_check() -> None:
    """It gets the reference and our name for the file, and not the object's key."""
    event, job = _read("check_now"), Job.from_state(_read("check"))

    assert event == {
        **{name: getattr(job, name) for name in ("job_id", "provider", "type")},
        "provider_ref": job.provider_ref,
        "name": job.file_name,
    }


def test_listen_has_a_waiting_job_and_its_token() -> None:
    """A webhook finds the token by the job's reference."""
    event = _read("listen")

    job = Job.from_state(event["job"])
    assert job.to_state() == event["job"]
    assert job.next is Next.LISTEN
    assert job.provider_ref
    assert event["token"]


def test_webhook_is_signed_by_the_scheme_of_the_local_stage() -> None:
    """Whoever changes the body has to sign it again."""
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
    assert verdict is SignatureVerdict.VALID
    assert webhook is not None
    assert webhook.reference == _read("listen")["job"]["provider_ref"]
    assert event["pathParameters"] == {"provider": "txncheck"}


def _scheme() -> SignatureScheme:
    courier = json.loads((_EVENTS.parent / "cdk.json").read_text())["context"][
        "courier"
    ]
    local = courier["stages"]["local"]["providers"]["txncheck"]
    return parse(SignatureScheme, local["webhook"], where="webhook")


def test_prepare_and_gather_have_the_same_batch() -> None:
    """Prepare gets it before anything is submitted, Gather at its end."""
    job = Job.from_state(_read("prepare"))

    assert Job.from_state(_read("gather")).next is Next.REQUESTS
    assert not job.provider_ref
    assert job.job_id == identity.of_object(job.bucket, job.key, job.version_id)
    assert Job.from_state(_read("gather")).job_id == job.job_id


def test_gather_has_the_place_of_the_answers() -> None:
    """Step Functions writes what the requests ended with into the inbox bucket."""
    event = _read("gather")

    place = event["answers"]["ResultWriterDetails"]
    assert place["Bucket"] == event["bucket"]
    assert place["Key"].startswith("batches/answers/")


def test_download_has_one_item_of_the_map() -> None:
    """Download gets the job, one of its kinds of result, and the number of retries."""
    event = _read("download")

    job = Job.from_state(event["job"])
    assert event["kind"] in job.kinds
    assert event["attempt"] == 0
    assert job.next is Next.COLLECT


def test_manifest_has_a_job_whose_rows_add_up() -> None:
    """The sample is a job that ended well."""
    job = Job.from_state(_read("manifest"))

    assert build_manifest(job)["job_id"] == job.job_id
    assert joined_rows(job)["verdict"] == RowsVerdict.COMPLETE


def test_conclude_has_a_caught_error() -> None:
    """Conclude uses its name, and drops its cause."""
    event = _read("conclude")

    assert event["failure"]["Error"] == "CredentialsRejected"
    assert not Job.from_state(event).provider_ref


def test_every_sample_is_described() -> None:
    """Readers find the samples through the table in events/README.md."""
    readme = (_EVENTS / "README.md").read_text()

    for file in _EVENTS.glob("*.json"):
        assert f"`{file.name}`" in readme


def test_api_has_a_valid_request() -> None:
    """The sample is an event of API Gateway, pasted into the Lambda console."""
    (start_job,) = (
        operation
        for operation in operations(_TYPES, {"ipqs": (".csv",)})
        if operation.name == "startJob"
    )

    request = read_request(_read("api"), start_job)

    assert request.idempotency_key == "june-list-1"
    assert request.caller == "arn:aws:sts::111122223333:assumed-role/Analyst"
    assert request.jobs == "/dev/jobs"


def test_forward_notice_has_a_notice_with_every_field() -> None:
    """Readers take the sample for the description of a notice."""
    (record,) = _read("forward_notice")["Records"]

    notice = read_notice(record["body"])

    assert [*notice.content] == [*MESSAGE_FIELDS, "results_bucket"]


def test_finalize_execution_has_the_arn_of_an_execution() -> None:
    """Events of a state machine with a key of its own have no input and no error."""
    event = _read("finalize_execution")

    assert event["detail"]["executionArn"] == event["resources"][0]
    assert event["detail"]["input"] is None
