"""From a file in the inbox to a notice: what a user sees."""

import hashlib
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from local import sample
from local.simulators.ipqs import Answer
from tests.integration.harness import JobRunner, wait_for

_EMAILS = sample.emails(40)
_SCHEMA = Path(__file__).parents[2] / "docs" / "manifest.schema.json"


def test_delivers_every_result(courier: JobRunner) -> None:
    """The main job: a list goes in, verified files and a manifest come out."""
    view = courier.run("ipqs/email/list.csv", _EMAILS)

    assert view.status == "SUCCEEDED"
    manifest = courier.manifest(view)
    assert manifest["rows"]["verdict"] == "complete"
    assert manifest["rows"]["sent"] == 40
    kinds = [file["kind"] for file in manifest["files"]] + manifest["absent"]
    assert sorted(kinds) == ["all", "bad", "clean", "pristine"]


def test_every_named_object_is_what_the_manifest_says(courier: JobRunner) -> None:
    """Success means that the files are there, to the byte (I2)."""
    manifest = courier.manifest(courier.run("ipqs/phone/list.csv", _EMAILS))

    for file in manifest["files"]:
        content = courier.stack.result(file["key"])
        assert len(content) == file["bytes"]
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert content.count(b"\n") - 1 == file["rows"]


def test_the_manifest_keeps_to_its_schema(courier: JobRunner) -> None:
    """Readers of manifests build on docs/manifest.schema.json."""
    manifest = courier.manifest(courier.run("ipqs/url/list.csv", _EMAILS))

    Draft202012Validator(json.loads(_SCHEMA.read_text())).validate(manifest)


def test_tells_once_with_keys_only(courier: JobRunner) -> None:
    """Subscribers filter by attributes and read the rest by key."""
    view = courier.run("ipqs/email/list.csv", _EMAILS)

    assert view.job is not None
    job_id = view.job.job_id
    (notice,) = courier.notices(job_id)
    attributes = {n: a["Value"] for n, a in notice["MessageAttributes"].items()}
    assert attributes == {
        "job_id": job_id,
        "provider": "ipqs",
        "type": "email",
        "outcome": "succeeded",
    }
    assert json.loads(notice["Message"]) == attributes | {
        "error": "",
        "manifest_key": f"ipqs/email/{job_id}/manifest.json",
        "results_bucket": courier.stack.outputs["ResultsBucket"],
    }


@pytest.mark.fault(3)
@pytest.mark.parametrize(
    "name",
    ["a b.csv", "a+b%2Bc.csv", "é😀.csv", 'it\'s "so".csv', "x" * 900 + ".csv"],
    ids=["space", "plus and percent", "unicode", "quotes", "long"],
)
def test_reads_the_very_key(courier: JobRunner, name: str) -> None:
    """A key is decoded once where it is encoded, and never where it is not."""
    view = courier.run(f"ipqs/email/{name}", _EMAILS)

    assert view.status == "SUCCEEDED"
    assert courier.manifest(view)["source"]["key"] == f"ipqs/email/{name}"


@pytest.mark.fault(2)
def test_each_version_is_a_job_of_its_own(courier: JobRunner) -> None:
    """A corrected list under the old name is verified too, as itself."""
    first = courier.upload("ipqs/email/same.csv", sample.emails(10))
    second = courier.upload("ipqs/email/same.csv", sample.emails(20))

    rows = [
        courier.manifest(courier.wait_for_end(j))["rows"]["sent"]
        for j in (first, second)
    ]
    assert rows == [10, 20]


def test_ignores_what_lies_elsewhere(courier: JobRunner) -> None:
    """Only a provider's prefix is a request; other objects are nobody's business."""
    ignored = courier.upload("ipqs/horoscope/list.csv", _EMAILS)
    also_ignored = courier.upload("notes.csv", _EMAILS)

    courier.run("ipqs/email/after.csv", _EMAILS)  # so those were seen before

    assert not {ignored, also_ignored} & set(courier.executions())


@pytest.mark.fault(1)
def test_a_hundred_copies_of_an_event_are_one_job(courier: JobRunner) -> None:
    """S3 tells at least once; a submission is paid once."""
    view = courier.run("ipqs/email/list.csv", _EMAILS)
    assert view.job is not None
    job = view.job
    sent = len(courier.stack.ipqs.csvs)
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": job.bucket},
            "object": {"key": job.key, "version-id": job.version_id},
        },
    }

    copies = [json.dumps(event | {"id": str(n), "time": str(n)}) for n in range(100)]
    courier.send_to_intake(*copies)
    courier.run("ipqs/email/after.csv", _EMAILS)
    wait_for(lambda: _is_empty(courier))

    assert courier.executions().count(job.job_id) == 1
    assert sent == 1
    assert len(courier.stack.ipqs.csvs) == 2
    assert len(courier.notices(job.job_id)) == 1


@pytest.mark.fault(16)
def test_an_upload_whose_answer_is_lost_is_not_repeated(courier: JobRunner) -> None:
    """The provider has the file, and wants to be paid for each."""
    courier.stack.ipqs.script("upload", [Answer.dropped_after()])

    view = courier.run("ipqs/email/list.csv", _EMAILS)

    assert view.status == "SUCCEEDED"
    assert len(courier.stack.ipqs.csvs) == 1


@pytest.mark.fault(100)
def test_a_message_that_cannot_be_read_goes_alone(courier: JobRunner) -> None:
    """One bad message neither blocks nor repeats its batch."""
    sqs = courier.stack.emulator.client("sqs")
    queue = courier.stack.outputs["IntakeQueueUrl"]
    dead = courier.stack.outputs["DeadLetterQueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "0"})

    courier.send_to_intake("this is not JSON")
    view = courier.run("ipqs/email/list.csv", _EMAILS)

    (letter,) = wait_for(lambda: sqs.receive_message(QueueUrl=dead).get("Messages"))
    assert letter["Body"] == "this is not JSON"
    assert view.status == "SUCCEEDED"


def _is_empty(courier: JobRunner) -> bool:
    counted = courier.stack.emulator.client("sqs").get_queue_attributes(
        QueueUrl=courier.stack.outputs["IntakeQueueUrl"],
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )["Attributes"]
    return set(counted.values()) == {"0"}
