"""Prepare: a list is refused, or written as what is sent, before it is paid."""

import csv
import json
from collections.abc import Mapping
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import prepare
from functions.aws import clients
from functions.aws.batch_store import BatchStore
from functions.core.errors import SourceEmpty, SourceMisnamed, SourceTooLarge
from functions.core.model import BatchPosition, Job, Next, Outcome, PreparedList
from local.simulators.faults import Answer
from tests.faults.batch_harness import BatchHarness
from tests.faults.execution_driver import (
    ExecutionDriver,
    LambdaProcess,
    ProcessFactory,
)
from tests.faults.fault_injection import FaultInjector
from tests.faults.harness import INBOX, StepHarness
from tests.world.injection import FOUR_MODES, Mode

#: An Excel export: three addresses, one of them twice, one that is none, and a blank.
EXPORT = (
    "\ufeffId;E-Mail;Name\r\n"
    '1;ada@canary-rows.example;"Ada; the ""first"""\r\n'
    "2; ADA@canary-rows.example ;Ada\r\n"
    ";;\r\n"
    "4;bob;Bob\r\n"
    "5;eve@canary-rows.example;Eve\r\n"
).encode()
FILES = ("submission.csv", "records.csv", "table.json")


def work_files(job: Job) -> dict[str, bytes]:
    """Return the files that Prepare made of a list."""
    store = BatchStore(job, s3=clients.s3())
    return {name: store.read(name) for name in FILES}


@pytest.mark.fault(8)
def test_only_the_unique_values_that_fit_are_sent(
    harness: StepHarness, driver: ExecutionDriver
) -> None:
    """Each is paid for; the other columns are nobody's business."""
    job = harness.upload_list(EXPORT)

    ended = driver.run(job)

    assert ended.outcome is Outcome.SUCCEEDED
    assert harness.sent(job) == [
        b"email\nada@canary-rows.example\neve@canary-rows.example\n"
    ]
    assert (ended.rows, ended.distinct_rows) == (2, 2)
    assert ended.verdict == "complete"


def test_the_state_has_numbers_and_places_only(
    harness: StepHarness, new_process: ProcessFactory
) -> None:
    """The history of an execution keeps it: no header, no name of a file, no cell."""
    job = harness.upload_list(EXPORT)

    prepared = new_process().prepare(job)

    store = BatchStore(job, s3=clients.s3())
    versions = {
        name: clients.s3().head_object(Bucket=INBOX, Key=store.key(name))["VersionId"]
        for name in FILES
    }
    assert prepared.next is Next.SUBMIT
    assert prepared.prepared == PreparedList(
        key=store.key("submission.csv"),
        version_id=versions["submission.csv"],
        records_version_id=versions["records.csv"],
        table_version_id=versions["table.json"],
        records=5,
        blank=1,
        duplicates=1,
        not_sent=1,
        sent=2,
    )


def test_every_record_is_written_with_what_becomes_of_it(
    harness: StepHarness, new_process: ProcessFactory
) -> None:
    """Who gets the results wants the own rows back, to the byte."""
    job = harness.upload_list(EXPORT)
    new_process().prepare(job)

    text = work_files(job)["records.csv"].decode()

    header, *records = csv.reader(text.splitlines(keepends=True), strict=True)
    assert header == [
        *("record", "status", "reason", "duplicate_of", "value", "c1", "c2", "c3"),
    ]
    ada, again, eve = (f"{name}@canary-rows.example" for name in ("ada", "ADA", "eve"))
    assert records == [
        ["1", "sent", "", "", ada, "1", ada, 'Ada; the "first"'],
        ["2", "duplicate", "", "1", again, "2", f" {again} ", "Ada"],
        ["3", "blank", "", "", "", "", "", ""],
        ["4", "not_sent", "it has no @", "", "", "4", "bob", "Bob"],
        ["5", "sent", "", "", eve, "5", eve, "Eve"],
    ]
    assert json.loads(work_files(job)["table.json"]) == {
        "type": "email",
        "encoding": "utf-8",
        "separator": ";",
        "header": ["Id", "E-Mail", "Name"],
        "value_column": 1,
        "width": 3,
        "notes": [],
        "not_sent_reasons": {"it has no @": 1},
    }


def test_records_of_different_widths_are_padded(
    harness: StepHarness, new_process: ProcessFactory
) -> None:
    """Readers of a table with a fixed number of columns refuse others."""
    content = (
        b'a@b.example,"x\r\ny"\nb@b.example,1\nc@b.example,2\n'
        b'd@b.example,"1",2,"3"",\n"\ne@b.example\n'
    )
    job = harness.upload_list(content)
    new_process().prepare(job)

    text = work_files(job)["records.csv"].decode()

    _, *records = csv.reader(text.splitlines(keepends=True), strict=True)
    assert [record[5:] for record in records] == [
        ["a@b.example", "x\r\ny", "", ""],
        ["b@b.example", "1", "", ""],
        ["c@b.example", "2", "", ""],
        ["d@b.example", "1", "2", '3",\n'],
        ["e@b.example", "", "", ""],
    ]


@pytest.mark.parametrize("mode", FOUR_MODES)
def test_a_repeated_preparation_writes_the_same(
    harness: StepHarness, injector: FaultInjector, driver: ExecutionDriver, mode: Mode
) -> None:
    """Whichever call breaks it off, what is sent in the end is what was sent before."""
    undisturbed = harness.upload_list(EXPORT)
    injector.plan({})
    LambdaProcess(harness, injector).prepare(undisturbed)
    calls, expected = len(injector.calls), work_files(undisturbed)

    for call in range(calls):
        job = harness.upload_list(EXPORT)
        injector.plan({call: mode})
        ended = driver.run(job)
        injector.plan({})

        assert ended.outcome is Outcome.SUCCEEDED
        assert work_files(job) == expected
        assert harness.paid_uploads(job) == 1


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (b"Email\n", "SourceEmpty", "only a header"),
        (b"Email\n\n\n", "SourceEmpty", "only a header"),
        (b"<a@b.example>\n" * 2, "SourceColumnUnclear", "no column holds"),
        (b"Email\na@b.example,\xff\n", "SourceNotText", "record 1"),
    ],
)
def test_a_refused_list_ends_unpaid_with_its_sentence(
    harness: StepHarness,
    driver: ExecutionDriver,
    content: bytes,
    error: str,
    sentence: str,
) -> None:
    """Who uploaded it reads in the notice, the API and the console what to mend."""
    job = harness.upload_list(content)

    ended = driver.run(job)

    assert (ended.outcome, ended.error) == (Outcome.FAILED, error)
    assert sentence in ended.advice
    item = harness.item(job)
    assert (item["error"], item["advice"]) == (error, ended.advice)
    assert harness.calls("upload") == 0


@pytest.mark.fault(8)
@pytest.mark.parametrize(
    ("setting", "limit"),
    [("max_source_bytes", 60), ("max_upload_bytes", 10), ("max_source_records", 2)],
)
def test_a_list_beyond_a_limit_is_not_sent(
    harness: StepHarness, driver: ExecutionDriver, setting: str, limit: int
) -> None:
    """The advice names the setting that bounds it."""
    harness.changes[setting] = limit

    ended = driver.run(harness.upload_list())

    assert ended.error == SourceTooLarge.__name__
    assert setting in ended.advice
    assert harness.calls("upload") == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"a@b.example\nc@d.example\n"),
        ("a.TSV", b"id\tmail\n1\ta@b.example\n2\tc@d.example\n"),
        ("a.jsonl", b'{"mail": "a@b.example"}\n{"mail": "c@d.example", "id": 2}\n'),
    ],
)
def test_any_form_of_table_is_sent_as_a_list(
    harness: StepHarness, driver: ExecutionDriver, name: str, content: bytes
) -> None:
    """What is uploaded is the uploader's choice, what is sent is the provider's."""
    job = harness.upload_list(content, key=f"ipqs/email/{name}")

    ended = driver.run(job)

    assert harness.sent(job) == [b"email\na@b.example\nc@d.example\n"]
    assert ended.outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    ("metadata", "sent"),
    [
        ({}, b"email\na@b.example\n"),
        ({"courier-column": "2"}, b"email\nc@d.example\n"),
        ({"courier-column": "backup"}, b"email\nc@d.example\n"),
        ({"courier-column": "=?UTF-8?Q?b=61ckup?="}, b"email\nc@d.example\n"),
        ({"courier-column": "1", "courier-header": "No"}, b"email\na@b.example\n"),
    ],
)
def test_the_metadata_says_how_to_read_a_list(
    harness: StepHarness, driver: ExecutionDriver, metadata: dict[str, str], sent: bytes
) -> None:
    """What the content does not show, the uploader can say."""
    content = b"email,backup\na@b.example,c@d.example\n,x\n"
    job = harness.upload_list(content, metadata=metadata)

    driver.run(job)

    assert harness.sent(job) == [sent]


def test_metadata_that_says_nothing_is_refused(
    harness: StepHarness, driver: ExecutionDriver
) -> None:
    """Who writes `true` would otherwise pay for a header, or lose a record."""
    job = harness.upload_list(metadata={"courier-header": "true"})

    ended = driver.run(job)

    assert ended.error == "RequestInvalid"
    assert "courier-header: must be yes or no" in ended.advice
    assert harness.calls("upload") == 0


@pytest.mark.fault(5)
def test_a_claimed_list_that_is_gone_is_looked_for(
    harness: StepHarness, driver: ExecutionDriver, new_process: ProcessFactory
) -> None:
    """It may be paid for: a source that cannot be read any more must not end it."""
    job = harness.upload_list()
    process = new_process()
    process.job_store.claim_submission(job, token="gone", now=process.now())
    clients.s3().delete_object(Bucket=INBOX, Key=job.key, VersionId=job.version_id)
    harness.ipqs.add_finished(
        results={"all": b"Email Address,Valid\na@b.example,true\n"},
        file_name=f"{job.job_id}.csv",
    )

    assert driver.run(job).outcome is Outcome.SUCCEEDED
    assert harness.calls("upload") == 0


@pytest.mark.fault(5)
def test_a_claimed_list_is_not_prepared_anew(
    harness: StepHarness, new_process: ProcessFactory
) -> None:
    """Its results are of what was sent, though the memory knows more by now."""
    job = harness.upload_list(EXPORT)
    process = new_process()
    prepared = process.prepare(job)
    process.job_store.claim_submission(prepared, token="gone", now=process.now())
    clients.s3().delete_object(Bucket=INBOX, Key=job.key, VersionId=job.version_id)

    again = new_process().prepare(job)

    assert (again.next, again.prepared) == (Next.SUBMIT, prepared.prepared)


@pytest.mark.fault(38)
def test_an_execution_of_an_earlier_release_submits_its_source(
    harness: StepHarness, new_process: ProcessFactory
) -> None:
    """Its definition comes to Submit first, and knows no prepared lists."""
    job = harness.upload_list(EXPORT)

    submitted = new_process().submit(job)

    assert submitted.provider_ref
    assert harness.sent(job) == [EXPORT]


@pytest.mark.fault(38)
def test_a_batch_of_an_earlier_release_still_fails_by_its_error(
    batches: BatchHarness, deployed: pytest.MonkeyPatch, context: LambdaContext
) -> None:
    """In its definition, Prepare leads to Requests, whatever it returns."""
    deployed.setenv("COURIER_PROVIDERS", batches.environment)
    job = batches.upload_list("mobile,name\n").with_(next=Next.PREPARE)

    with pytest.raises(SourceEmpty):
        prepare.handler(job.to_state(), context)


def test_a_work_file_makes_no_batch(
    batches: BatchHarness, deployed: pytest.MonkeyPatch, context: LambdaContext
) -> None:
    """A request that 0.1.0 started as a job has the bodies of its whole batch."""
    deployed.setenv("COURIER_PROVIDERS", batches.environment)
    (request, *_) = batches.requests(batches.prepare(batches.upload_list()))
    alone = request.with_(part=BatchPosition())

    assert prepare.handler(alone.to_state(), context)["error"] == (
        SourceMisnamed.__name__
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"mobile": "+919800000001", "name": "Asha Rao"}, (Next.SUBMIT, "")),
        ({"mobile": 12, "name": "Asha Rao"}, (Next.CONCLUDE, "RequestInvalid")),
    ],
)
def test_a_single_request_is_validated(
    batches: BatchHarness,
    deployed: pytest.MonkeyPatch,
    context: LambdaContext,
    content: Mapping[str, Any],
    expected: tuple[Next, str],
) -> None:
    """It is refused where lists and batches are, before its turn to be sent."""
    deployed.setenv("COURIER_PROVIDERS", batches.environment)
    job = batches.upload_list(json.dumps(content), extension="json")

    prepared = prepare.handler(job.to_state(), context)

    assert (prepared["next"], prepared["error"]) == expected


def test_a_retry_keeps_what_was_prepared(
    harness: StepHarness, driver: ExecutionDriver, new_process: ProcessFactory
) -> None:
    """It begins with a check, and its results are joined with the same records."""
    harness.ipqs.script("status", [Answer.http(401)] * 6)
    job = harness.upload_list(EXPORT)
    first = driver.run(job)
    record = new_process().job_store.get(job.job_id)
    assert record is not None

    restarted = new_process().job_store.restart(record, now=1.0)

    assert restarted is not None
    assert first.outcome is Outcome.FAILED
    assert restarted.to_job().prepared == first.prepared != PreparedList()
