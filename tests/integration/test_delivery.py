"""From a file in the inbox to a notice: what a user sees."""

import hashlib
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from local import sample
from local.simulators.ipqs import Answer
from tests.integration.harness import JobRunner, object_created, wait_for

_EMAILS = sample.emails(40)
_SCHEMA = Path(__file__).parents[2] / "docs" / "manifest.schema.json"


def test_every_result_is_delivered(runner: JobRunner) -> None:
    """The main case: a list becomes result files and a manifest."""
    view = runner.run("ipqs/email/list.csv", _EMAILS)

    assert view.status == "SUCCEEDED"
    manifest = runner.manifest(view)
    assert manifest["rows"]["verdict"] == "complete"
    assert manifest["rows"]["sent"] == 40
    kinds = [file["kind"] for file in manifest["files"]] + manifest["absent"]
    ours = ["joined", "joined-parquet"]
    assert sorted(kinds) == sorted(["all", "bad", "clean", "pristine", *ours])


def test_every_object_is_as_the_manifest_describes_it(runner: JobRunner) -> None:
    """Success means that the files are there, byte for byte (I2)."""
    manifest = runner.manifest(runner.run("ipqs/phone/list.csv", sample.phones(40)))

    for file in manifest["files"]:
        content = runner.stack.result(file["key"])
        assert len(content) == file["bytes"]
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        if file["kind"] == "joined-parquet":
            assert content.startswith(b"PAR1")
        else:
            assert content.count(b"\n") - 1 == file["rows"]


def test_the_manifest_is_valid_by_its_schema(runner: JobRunner) -> None:
    """Readers of manifests rely on docs/manifest.schema.json."""
    manifest = runner.manifest(runner.run("ipqs/url/list.csv", sample.urls(40)))

    Draft202012Validator(json.loads(_SCHEMA.read_text())).validate(manifest)


def test_a_job_has_one_notice_with_keys_only(runner: JobRunner) -> None:
    """Subscribers filter by its attributes, and read the results by their keys."""
    view = runner.run("ipqs/email/list.csv", _EMAILS)

    assert view.job is not None
    job_id = view.job.job_id
    (notice,) = runner.notices(job_id)
    attributes = {
        name: attribute["Value"]
        for name, attribute in notice["MessageAttributes"].items()
    }
    assert attributes == {
        "job_id": job_id,
        "provider": "ipqs",
        "type": "email",
        "outcome": "succeeded",
        "verdict": "complete",
        "late": "false",
    }
    assert json.loads(notice["Message"]) == attributes | {
        "late": False,
        "error": "",
        "advice": "",
        "error_key": "",
        "attempt": 1,
        "manifest_key": f"ipqs/email/{job_id}/manifest.json",
        "results_bucket": runner.stack.outputs["ResultsBucket"],
    }


def test_rows_that_are_not_accounted_for_are_announced(runner: JobRunner) -> None:
    """One row came back, and no value was sent twice."""
    runner.lose_rows()
    view = runner.run("ipqs/email/list.csv", _EMAILS)

    assert view.job is not None
    rows = runner.manifest(view)["rows"]
    (notice,) = runner.notices(view.job.job_id)
    assert rows["sent"] == 40
    assert rows["received"]["all"] == 1
    assert rows["verdict"] == "unaccounted"
    assert json.loads(notice["Message"])["verdict"] == "unaccounted"
    assert notice["MessageAttributes"]["verdict"]["Value"] == "unaccounted"
    item = runner.job_item(view.job.job_id)
    assert (item["outcome"], item["verdict"]) == ("succeeded", "unaccounted")


def test_duplicates_are_not_sent(runner: JobRunner) -> None:
    """They would be paid for, and a verdict that cries wolf at them is ignored."""
    lines = _EMAILS.splitlines(keepends=True)

    view = runner.run("ipqs/email/list.csv", b"".join([*lines, *lines[-3:]]))

    rows = runner.manifest(view)["rows"]
    assert rows["sent"] == rows["received"]["all"] == 40
    assert rows["verdict"] == "complete"


def test_a_job_without_a_manifest_is_announced_with_a_verdict(
    runner: JobRunner,
) -> None:
    """SNS refuses an empty attribute, and then nobody would hear of the failure."""
    view = runner.run("ipqs/email/list.csv", b"email\n")

    assert view.job is not None
    (notice,) = runner.notices(view.job.job_id)
    assert notice["MessageAttributes"]["verdict"]["Value"] == "none"


@pytest.mark.fault(2)
def test_each_version_is_a_job_of_its_own(runner: JobRunner) -> None:
    """A corrected list under the old name is verified, too."""
    first = runner.stack.put("ipqs/email/same.csv", sample.emails(10))
    second = runner.stack.put("ipqs/email/same.csv", sample.emails(20))

    for job_id, rows in ((first, 10), (second, 20)):
        manifest = runner.manifest(runner.wait_for_end(job_id))
        assert manifest["rows"]["sent"] == rows


def test_other_objects_are_ignored(runner: JobRunner) -> None:
    """Only an object below the prefix of a provider and a type is a request."""
    ignored = runner.upload("ipqs/horoscope/list.csv", _EMAILS)
    also_ignored = runner.upload("notes.csv", _EMAILS)

    runner.run("ipqs/email/after.csv", _EMAILS)  # its event came later

    assert not {ignored, also_ignored} & set(runner.executions())


@pytest.mark.fault(1)
def test_a_hundred_copies_of_an_event_are_one_job(runner: JobRunner) -> None:
    """S3 delivers events at least once; a submission is to be paid once."""
    view = runner.run("ipqs/email/list.csv", _EMAILS)
    assert view.job is not None
    job = view.job
    submitted = len(runner.stack.ipqs.csvs)

    copies = [object_created(job, id=str(n), time=str(n)) for n in range(100)]
    runner.send_to_intake(*copies)
    runner.run("ipqs/email/after.csv", _EMAILS)
    wait_for(lambda: _intake_is_idle(runner))

    assert runner.executions().count(job.job_id) == 1
    assert submitted == 1
    assert len(runner.stack.ipqs.csvs) == 2
    assert len(runner.notices(job.job_id)) == 1


@pytest.mark.fault(16)
def test_an_upload_whose_response_is_lost_is_not_repeated(runner: JobRunner) -> None:
    """The provider has the file, and bills every upload."""
    runner.stack.ipqs.script("upload", [Answer.dropped_after()])

    view = runner.run("ipqs/email/list.csv", _EMAILS)

    assert view.status == "SUCCEEDED"
    assert len(runner.stack.ipqs.csvs) == 1


@pytest.mark.fault(100)
def test_only_an_unreadable_message_becomes_a_dead_letter(runner: JobRunner) -> None:
    """It neither blocks nor repeats the other messages of its batch."""
    sqs = runner.stack.emulator.client("sqs")
    queue = runner.stack.outputs["IntakeQueueUrl"]
    dead_letters = runner.stack.outputs["DeadLetterQueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "0"})

    runner.send_to_intake("this is not JSON")
    view = runner.run("ipqs/email/list.csv", _EMAILS)

    (dead_letter,) = wait_for(
        lambda: sqs.receive_message(QueueUrl=dead_letters).get("Messages")
    )
    assert dead_letter["Body"] == "this is not JSON"
    assert view.status == "SUCCEEDED"


def _intake_is_idle(runner: JobRunner) -> bool:
    """Return whether the intake queue has no message, not even one in work."""
    counts = runner.stack.emulator.client("sqs").get_queue_attributes(
        QueueUrl=runner.stack.outputs["IntakeQueueUrl"],
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )["Attributes"]
    return set(counts.values()) == {"0"}
