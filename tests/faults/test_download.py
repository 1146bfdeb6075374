"""Download: a result becomes visible complete and once, or not at all."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from functions.aws import clients
from functions.core.body import Body
from functions.core.errors import (
    AwsRefused,
    AwsUnavailable,
    LinkSpent,
    ResultMismatch,
    ResultNotATable,
    RetryableError,
    TransferIncomplete,
    TransferTooSlow,
)
from functions.core.file_formats import CSV
from functions.core.model import File, Job, Phase
from functions.core.result_keys import manifest_key, result_key
from functions.core.stream_stats import StreamStats
from functions.download import download
from functions.providers.protocol import Link
from local.simulators.content import Content
from local.simulators.faults import Answer
from local.simulators.http_writer import Ending, Framing
from tests.faults.execution_driver import LambdaProcess, ProcessFactory
from tests.faults.fault_injection import FaultInjector, aws_failure, aws_hook
from tests.faults.harness import RESULTS, StepHarness
from tests.world.injection import Killed, Mode

OPERATIONS = (
    "HeadObject",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
)


@pytest.fixture
def finished(harness: StepHarness, job: Job) -> Job:
    """Return a job that has finished at the provider."""
    reference = harness.ipqs.add_finished(
        results=dict(harness.expected),
        file_name=f"{job.job_id}.csv",
    )
    return job.with_(provider_ref=str(reference))


def s3_failure(operation: str, code: str, status: int) -> AbstractContextManager[None]:
    """Fail an operation of S3 without effect."""
    return aws_failure(f"before-call.s3.{operation}", code, status)


def nothing_visible(harness: StepHarness, job: Job) -> bool:
    """Return whether a job has neither objects nor unfinished uploads."""
    return not harness.versions(job) and not harness.unfinished_uploads(job)


def describes(file: File, content: bytes) -> bool:
    """Return whether a file's size, rows and hash are those of the content."""
    stats = StreamStats()
    stats.update(content)
    expected = (stats.bytes, stats.rows, stats.sha256)
    return (file.bytes, file.rows, file.sha256) == expected


@pytest.mark.fault(69)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_throttled_operation_is_retried(
    harness: StepHarness, finished: Job, new_process: ProcessFactory, operation: str
) -> None:
    """The attempt fails and leaves nothing behind, so that the next one succeeds."""
    with (
        s3_failure(operation, "SlowDown", 503),
        pytest.raises(AwsUnavailable),
    ):
        new_process().download(finished, "all")
    assert nothing_visible(harness, finished)

    file = new_process().download(finished, "all", attempt=1)

    assert describes(file, harness.expected["all"])
    assert file.attempts == 2


@pytest.mark.fault(69)
def test_a_failed_read_of_the_existing_object_is_retried(
    finished: Job, new_process: ProcessFactory
) -> None:
    """An existing result is read for its measures, which may fail too."""
    new_process().download(finished, "all")

    with s3_failure("GetObject", "SlowDown", 503), pytest.raises(AwsUnavailable):
        new_process().download(finished, "all")


@pytest.mark.fault(75)
@pytest.mark.parametrize("operation", ["HeadObject", "CreateMultipartUpload"])
def test_a_missing_permission_does_not_use_up_the_link(
    harness: StepHarness, finished: Job, new_process: ProcessFactory, operation: str
) -> None:
    """A person adds the permission and retries; a spent link would be lost."""
    with s3_failure(operation, "AccessDenied", 403), pytest.raises(AwsRefused):
        new_process().download(finished, "all")

    assert harness.calls("download") == harness.calls("status") == 0
    assert nothing_visible(harness, finished)


@pytest.mark.fault(70)
def test_a_lost_response_to_the_publication_is_resolved(
    harness: StepHarness, finished: Job, new_process: ProcessFactory
) -> None:
    """HEAD shows that the object is there and ours; no second link is spent."""
    published = "after-call.s3.CompleteMultipartUpload"

    with aws_failure(published, "InternalError", 500):
        file = new_process().download(finished, "all")

    assert describes(file, harness.expected["all"])
    assert harness.calls("download") == 1
    assert harness.versions(finished) == {"all.csv": 1}


@pytest.mark.fault(72)
@pytest.mark.fault(81)
@pytest.mark.parametrize("more", [b"", b"late@canary-rows.example,true\n"])
def test_accepts_the_object_of_a_concurrent_attempt(
    harness: StepHarness,
    finished: Job,
    new_process: ProcessFactory,
    capsys: pytest.CaptureFixture[str],
    more: bytes,
) -> None:
    """Another attempt published between HEAD and publication: its object stands.

    The measures, and so the manifest, must be those of that object, and an operator
    must hear of it if its bytes differ from ours.
    """
    theirs = harness.expected["all"] + more

    def publish_theirs(**_: object) -> None:
        clients.s3().put_object(
            Bucket=RESULTS,
            Key=result_key(finished, "all", CSV),
            Body=theirs,
            Metadata={"job-id": finished.job_id, "kind": "all"},
        )

    with aws_hook("before-call.s3.CompleteMultipartUpload", publish_theirs):
        file = new_process().download(finished, "all")

    assert harness.result(finished, "all.csv") == theirs
    assert harness.versions(finished) == {"all.csv": 1}
    assert describes(file, theirs)
    assert not harness.unfinished_uploads(finished)
    assert ('"ResultsDiffered": 1' in capsys.readouterr().out) is bool(more)


@pytest.mark.fault(72)
def test_rejects_an_object_of_another_origin(
    harness: StepHarness, finished: Job, new_process: ProcessFactory
) -> None:
    """It was not written for this job, so it is neither overwritten nor delivered."""
    clients.s3().put_object(
        Bucket=RESULTS, Key=result_key(finished, "all", CSV), Body=b"what is this?"
    )

    with pytest.raises(ResultMismatch):
        new_process().download(finished, "all")

    assert harness.result(finished, "all.csv") == b"what is this?"
    assert harness.calls("download") == 0


@pytest.mark.fault(72)
def test_a_conflict_is_retried(
    harness: StepHarness, finished: Job, new_process: ProcessFactory
) -> None:
    """A 409 means that another write is in progress; a new upload can succeed."""
    with (
        s3_failure("CompleteMultipartUpload", "ConditionalRequestConflict", 409),
        pytest.raises(AwsUnavailable),
    ):
        new_process().download(finished, "all")
    assert nothing_visible(harness, finished)

    assert describes(new_process().download(finished, "all"), harness.expected["all"])


@pytest.mark.fault(73)
@pytest.mark.parametrize(
    ("operation", "header", "wrong"),
    [
        pytest.param(
            "CompleteMultipartUpload",
            "x-amz-checksum-crc32",
            "AAAAAA==",
            id="of the whole",
        ),
        pytest.param(
            "CompleteMultipartUpload", "x-amz-mp-object-size", "1", id="in size"
        ),
        pytest.param("UploadPart", "x-amz-checksum-crc32", "AAAAAA==", id="of a part"),
    ],
)
def test_does_not_publish_what_was_damaged_in_transit(
    harness: StepHarness,
    finished: Job,
    new_process: ProcessFactory,
    operation: str,
    header: str,
    wrong: str,
) -> None:
    """S3 compares what it received with our checksums and size, and rejects it."""
    damaged: list[str] = []

    def damage(params: dict[str, Any], **_: object) -> None:
        damaged.append(params["headers"][header])
        params["headers"][header] = wrong

    with (
        aws_hook(f"before-call.s3.{operation}", damage),
        pytest.raises((AwsUnavailable, AwsRefused)),
    ):
        new_process().download(finished, "all")

    assert damaged
    assert nothing_visible(harness, finished)


@pytest.mark.fault(74)
def test_a_killed_upload_is_not_visible(
    harness: StepHarness, finished: Job, injector: FaultInjector
) -> None:
    """Its parts remain, invisible, until the bucket's lifecycle rule removes them."""
    injector.plan({5: Mode.KILLED_AFTER})  # the part

    with pytest.raises(Killed):
        LambdaProcess(harness, injector).download(finished, "all")

    injector.restart()
    assert injector.injected == ["s3.UploadPart KILLED_AFTER"]
    assert not harness.versions(finished)
    assert len(harness.unfinished_uploads(finished)) == 1


@pytest.mark.fault(74)
def test_a_failed_abort_does_not_hide_the_first_error(
    harness: StepHarness,
    finished: Job,
    new_process: ProcessFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The lifecycle rule aborts later; a metric tells an operator."""
    with (
        s3_failure("AbortMultipartUpload", "SlowDown", 503),
        s3_failure("UploadPart", "InternalError", 500),
        pytest.raises(AwsUnavailable, match="send a part"),
    ):
        new_process().download(finished, "all")

    assert not harness.versions(finished)
    assert '"UploadsNotAborted": 1' in capsys.readouterr().out


@pytest.mark.fault(53)
@pytest.mark.fault(77)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer.cut_after(20, Ending.STALL), id="stalled"),
        pytest.param(Answer.dripped(0.05), id="dripped"),
    ],
)
def test_the_transfer_ends_before_the_functions_timeout(
    harness: StepHarness, finished: Job, new_process: ProcessFactory, answer: Answer
) -> None:
    """A function that stops by itself cleans up; one that is killed cannot."""
    harness.ipqs.script("download", [answer])
    process = new_process()

    with pytest.raises(TransferTooSlow):
        download(
            finished,
            "all",
            adapter=process.provider,
            results=process.results,
            attempts=1,
            now=process.now,
            ends_at=process.now() + 20.3,  # all but 0.3 s are reserved for cleaning up
        )

    assert nothing_visible(harness, finished)


@pytest.mark.fault(77)
def test_time_spent_on_the_link_shortens_the_transfer(
    harness: StepHarness,
    finished: Job,
    new_process: ProcessFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Time that passed before the link was opened cannot be spent again."""
    process = new_process()
    given: list[float] = []
    result_links, open_ = process.provider.result_links, process.provider.open

    def slow_result_links(provider_ref: str, *, name: str) -> Mapping[str, Link]:
        harness.ipqs.clock.advance(50.0)
        return result_links(provider_ref, name=name)

    def open_and_record(link: Link, *, type_: str, seconds: float) -> Body:
        given.append(seconds)
        return open_(link, type_=type_, seconds=seconds)

    monkeypatch.setattr(process.provider, "result_links", slow_result_links)
    monkeypatch.setattr(process.provider, "open", open_and_record)

    process.download(finished, "all")

    assert given == [pytest.approx(900 - 50 - 20, abs=5)]


@pytest.mark.fault(80)
def test_concurrent_attempts_publish_one_object(
    harness: StepHarness, finished: Job, new_process: ProcessFactory
) -> None:
    """Both transfer the whole file; one of them publishes it."""
    processes = [new_process(), new_process()]

    with ThreadPoolExecutor(2) as threads:
        files = list(
            threads.map(lambda each: each.download(finished, "all"), processes)
        )

    assert files[0].sha256 == files[1].sha256
    assert harness.versions(finished) == {"all.csv": 1}
    assert not harness.unfinished_uploads(finished)


def test_a_result_of_several_parts_is_complete(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """Buffers are reused and uploads finish in any order; no part may be affected."""
    content = Content.rows(66 * 1024 * 1024 + 17)
    reference = harness.ipqs.add_finished(
        results={"all": content}, file_name=job.file_name
    )
    large = job.with_(provider_ref=str(reference))

    file = new_process().download(large, "all")

    assert describes(file, content.read())
    assert harness.result(large, "all.csv") == content.read()


@pytest.mark.fault(41)
@pytest.mark.fault(51)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(
            Answer.file(
                b"This download link has expired. Please request a new one.\n",
                content_type="text/plain",
            ),
            ResultNotATable,
            id="a sentence",
        ),
        pytest.param(
            Answer.file(b'["This download link has expired."]'),
            ResultNotATable,
            id="a list",
        ),
        pytest.param(
            Answer.file(Content.endless(b"Not here. " * 999).gzipped()).via(
                framing=Framing.CHUNKED
            ),
            ResultNotATable,
            id="bytes without an end",
        ),
        pytest.param(Answer.file(b""), TransferIncomplete, id="nothing"),
    ],
)
def test_what_is_not_shown_to_be_a_result_is_not_published(
    harness: StepHarness,
    finished: Job,
    new_process: ProcessFactory,
    answer: Answer,
    error: type[RetryableError],
) -> None:
    """Any host answers 200 with anything; the next try gets a new link."""
    harness.ipqs.script("download", [answer])

    with pytest.raises(error):
        new_process().download(finished, "all")
    assert nothing_visible(harness, finished)

    file = new_process().download(finished, "all", attempt=1)
    assert describes(file, harness.expected["all"])


@pytest.mark.fault(41)
def test_a_result_without_a_link_is_retried(
    harness: StepHarness, finished: Job, new_process: ProcessFactory
) -> None:
    """The check listed it a moment ago, so it may be available again."""
    with pytest.raises(LinkSpent):
        new_process().download(finished, "pristine")

    assert nothing_visible(harness, finished)


@pytest.mark.fault(81)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="none"),
        pytest.param({"polls": 99, "finished_at": 9.0, "received_at": 1.0}, id="times"),
        pytest.param({"attempts": 5, "link_age_seconds": 2.5}, id="tries"),
        pytest.param({"key": "elsewhere/all.csv", "version_id": "2"}, id="key"),
    ],
)
def test_an_existing_manifest_that_says_the_same_is_kept(
    harness: StepHarness,
    finished: Job,
    new_process: ProcessFactory,
    changes: dict[str, Any],
) -> None:
    """A repeated or concurrent write must not change what is published.

    The job then has the files of the manifest that stands, so that the notice, which
    names them, does not contradict it.
    """
    file = new_process().download(finished, "all")
    collected = finished.with_(kinds=("all",), files=(file,))
    first = new_process().manifest(collected)
    content = harness.result(finished, "manifest.json")
    of_job = {name: changes[name] for name in changes if name in vars(collected)}
    of_file = {name: changes[name] for name in changes.keys() - of_job.keys()}
    if "version_id" in changes:
        of_job, of_file = {}, changes

    repeated = collected.with_(files=(replace(file, **of_file),), **of_job)
    second = new_process().manifest(repeated)

    assert second.files == first.files == (file,)
    assert second.outcome is first.outcome
    assert harness.result(finished, "manifest.json") == content
    assert harness.versions(finished) == {"all.csv": 1, "manifest.json": 1}


@pytest.mark.fault(81)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"sha256": "0" * 64}, id="hash"),
        pytest.param({"rows": 99}, id="rows"),
        pytest.param({"bytes": 1}, id="bytes"),
        pytest.param({"kind": "clean"}, id="kind"),
        pytest.param({"absent": ("bad",)}, id="absent"),
        pytest.param({"phase": Phase.PARTIAL}, id="outcome"),
    ],
)
def test_a_manifest_that_says_something_else_is_an_error(
    harness: StepHarness,
    finished: Job,
    new_process: ProcessFactory,
    changes: dict[str, Any],
) -> None:
    """One of the two describes results that are not there, and somebody must look."""
    file = new_process().download(finished, "all")
    collected = finished.with_(kinds=(), files=(file,))
    new_process().manifest(collected)
    content = harness.result(finished, "manifest.json")
    of_file = {name: changes[name] for name in changes if name in vars(file)}
    of_job = {name: changes[name] for name in changes.keys() - of_file.keys()}

    other = collected.with_(files=(replace(file, **of_file),), **of_job)
    with pytest.raises(ResultMismatch):
        new_process().manifest(other)

    assert harness.result(finished, "manifest.json") == content


@pytest.mark.fault(81)
@pytest.mark.parametrize("mode", ["lost answer", "written by another"])
def test_a_manifest_that_was_written_is_done(
    harness: StepHarness, finished: Job, new_process: ProcessFactory, mode: str
) -> None:
    """An answer that says it failed, and a second writer, are the same thing here."""
    file = new_process().download(finished, "all")
    collected = finished.with_(kinds=("all",), files=(file,))

    if mode == "lost answer":
        with aws_failure("after-call.s3.PutObject", "InternalError", 500):
            ended = new_process().manifest(collected)
    else:
        others = [new_process()]

        def write_first(**_: object) -> None:
            if others:
                others.pop().manifest(collected)

        with aws_hook("before-call.s3.PutObject", write_first):
            ended = new_process().manifest(collected)

    assert ended.files == (file,)
    assert harness.versions(finished) == {"all.csv": 1, "manifest.json": 1}


@pytest.mark.fault(81)
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"files": 7}', b"\xff"])
def test_an_object_that_is_no_manifest_is_an_error(
    finished: Job, new_process: ProcessFactory, content: bytes
) -> None:
    """It is there under the job's name, and says nothing."""
    file = new_process().download(finished, "all")
    clients.s3().put_object(
        Bucket=RESULTS,
        Key=manifest_key(finished),
        Body=content,
        Metadata={"job-id": finished.job_id},
    )

    with pytest.raises(ResultMismatch):
        new_process().manifest(finished.with_(kinds=("all",), files=(file,)))


@pytest.mark.fault(81)
def test_rejects_a_manifest_of_another_origin(
    finished: Job, new_process: ProcessFactory
) -> None:
    """A manifest says that its job is complete, so it has to be this job's."""
    file = new_process().download(finished, "all")
    key = manifest_key(finished)
    clients.s3().put_object(Bucket=RESULTS, Key=key, Body=b"{}")

    with pytest.raises(ResultMismatch):
        new_process().manifest(finished.with_(kinds=("all",), files=(file,)))
