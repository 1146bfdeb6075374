"""Collect: a result appears whole and once, or not at all."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest

from functions.aws import clients
from functions.core.errors import (
    AwsRefused,
    AwsUnavailable,
    LinkSpent,
    ResultMismatch,
    TransferTooSlow,
)
from functions.core.file_formats import CSV
from functions.core.model import File, Job
from functions.core.result_keys import manifest_key, result_key
from functions.core.stream_stats import StreamStats
from functions.download import download
from functions.providers.protocol import Body, Link
from local.simulators.content import Content
from local.simulators.faults import Answer
from tests.faults.execution_driver import Process
from tests.faults.fault_injection import FaultInjector, Killed, Mode, failure, hooked
from tests.faults.harness import RESULTS, StepHarness

Make = Callable[[], Process]
OPERATIONS = (
    "HeadObject",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
)


@pytest.fixture
def ready(bench: StepHarness, job: Job) -> Job:
    """Give a job that is finished at the provider."""
    reference = bench.ipqs.add_finished(
        results=dict(bench.expected),
        file_name=f"{job.job_id}.csv",
    )
    return job.with_(provider_ref=str(reference))


def failing(operation: str, code: str, status: int) -> AbstractContextManager[None]:
    """Let S3 refuse an operation."""

    def refuse(**_: object) -> None:
        raise failure(code, status)

    return hooked(f"before-call.s3.{operation}", refuse)


def invisible(bench: StepHarness, job: Job) -> bool:
    """Whether nothing of a job can be seen, and nothing is left of an upload."""
    return not bench.versions(job) and not bench.unfinished(job)


def describes(file: File, content: bytes) -> bool:
    """Whether a file's measures are those of some bytes."""
    tally = StreamStats()
    tally.update(content)
    return (file.bytes, file.rows, file.sha256) == (
        tally.bytes,
        tally.rows,
        tally.sha256,
    )


@pytest.mark.fault(69)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_busy_s3_is_tried_again(
    bench: StepHarness, ready: Job, process: Make, operation: str
) -> None:
    """SlowDown passes: the attempt fails, leaves nothing, and the next one works."""
    with (
        failing(operation, "SlowDown", 503),
        pytest.raises(AwsUnavailable),
    ):
        process().download(ready, "all")
    assert invisible(bench, ready)

    file = process().download(ready, "all", attempt=1)

    assert describes(file, bench.expected["all"])
    assert file.attempts == 2


@pytest.mark.fault(69)
def test_a_failure_of_reading_the_own_object_is_tried_again(
    ready: Job, process: Make
) -> None:
    """What is there is read to say what it is; that reading may fail, too."""
    process().download(ready, "all")

    with failing("GetObject", "SlowDown", 503), pytest.raises(AwsUnavailable):
        process().download(ready, "all")


@pytest.mark.fault(75)
@pytest.mark.parametrize("operation", ["HeadObject", "CreateMultipartUpload"])
def test_a_refusal_comes_before_the_link_is_burnt(
    bench: StepHarness, ready: Job, process: Make, operation: str
) -> None:
    """A missing permission must cost no link: a person mends it, then retries."""
    with failing(operation, "AccessDenied", 403), pytest.raises(AwsRefused):
        process().download(ready, "all")

    assert bench.calls("download") == bench.calls("status") == 0
    assert invisible(bench, ready)


@pytest.mark.fault(70)
def test_a_result_whose_publication_was_not_told_is_found(
    bench: StepHarness, ready: Job, process: Make
) -> None:
    """HEAD decides: it is there, it is ours, and no second link is spent."""

    def lose(**_: object) -> None:
        raise failure("InternalError", 500)

    with hooked("after-call.s3.CompleteMultipartUpload", lose):
        file = process().download(ready, "all")

    assert describes(file, bench.expected["all"])
    assert bench.calls("download") == 1
    assert bench.versions(ready) == {"all.csv": 1}


@pytest.mark.fault(72)
def test_somebody_elses_copy_of_the_result_is_taken(
    bench: StepHarness, ready: Job, process: Make
) -> None:
    """Between HEAD and publication another attempt was faster: one object, its own.

    What is said of it must be true of it, even if the provider sent it other bytes.
    """
    theirs = bench.expected["all"] + b"late@canary-rows.example,true\n"

    def be_faster(**_: object) -> None:
        clients.s3().put_object(
            Bucket=RESULTS,
            Key=result_key(ready, "all", CSV),
            Body=theirs,
            Metadata={"job-id": ready.job_id, "kind": "all"},
        )

    with hooked("before-call.s3.CompleteMultipartUpload", be_faster):
        file = process().download(ready, "all")

    assert bench.result(ready, "all.csv") == theirs
    assert bench.versions(ready) == {"all.csv": 1}
    assert describes(file, theirs)
    assert not bench.unfinished(ready)


@pytest.mark.fault(72)
def test_a_strangers_object_is_not_taken_for_ours(
    bench: StepHarness, ready: Job, process: Make
) -> None:
    """It was not written for this job: neither overwritten nor delivered."""
    clients.s3().put_object(
        Bucket=RESULTS, Key=result_key(ready, "all", CSV), Body=b"what is this?"
    )

    with pytest.raises(ResultMismatch):
        process().download(ready, "all")

    assert bench.result(ready, "all.csv") == b"what is this?"
    assert bench.calls("download") == 0


@pytest.mark.fault(72)
def test_a_conflict_is_another_attempt(
    bench: StepHarness, ready: Job, process: Make
) -> None:
    """A 409 says that somebody is at it: this upload is over, the next one works."""
    with (
        failing("CompleteMultipartUpload", "ConditionalRequestConflict", 409),
        pytest.raises(AwsUnavailable),
    ):
        process().download(ready, "all")
    assert invisible(bench, ready)

    assert describes(process().download(ready, "all"), bench.expected["all"])


@pytest.mark.fault(73)
@pytest.mark.parametrize(
    ("sent", "header", "lie"),
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
def test_what_was_damaged_on_the_way_is_not_published(
    bench: StepHarness, ready: Job, process: Make, sent: str, header: str, lie: str
) -> None:
    """S3 compares what it has with what was measured, and keeps neither."""
    lied: list[str] = []

    def damage(params: dict[str, Any], **_: object) -> None:
        lied.append(params["headers"][header])
        params["headers"][header] = lie

    with (
        hooked(f"before-call.s3.{sent}", damage),
        pytest.raises((AwsUnavailable, AwsRefused)),
    ):
        process().download(ready, "all")

    assert lied
    assert invisible(bench, ready)


@pytest.mark.fault(74)
def test_a_killed_upload_shows_nothing(
    bench: StepHarness, ready: Job, effects: FaultInjector
) -> None:
    """Its parts lie about until the bucket's rule removes them; nobody sees them."""
    effects.plan({5: Mode.KILLED_AFTER})  # the part

    with pytest.raises(Killed):
        Process(bench, effects).download(ready, "all")

    effects.alive_again()
    assert effects.hit == ["s3.UploadPart KILLED_AFTER"]
    assert not bench.versions(ready)
    assert len(bench.unfinished(ready)) == 1


@pytest.mark.fault(74)
def test_an_abort_that_fails_hides_nothing(
    bench: StepHarness, ready: Job, process: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bucket's rule aborts later; the error that is told is the first one.

    An operator hears of it, by a metric.
    """
    with (
        failing("AbortMultipartUpload", "SlowDown", 503),
        failing("UploadPart", "InternalError", 500),
        pytest.raises(AwsUnavailable, match="send a part"),
    ):
        process().download(ready, "all")

    assert not bench.versions(ready)
    assert '"UploadsNotAborted": 1' in capsys.readouterr().out


@pytest.mark.fault(53)
@pytest.mark.fault(77)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer.stalled_after(20), id="stalled"),
        pytest.param(Answer.dripped(0.05), id="dripped"),
    ],
)
def test_the_functions_time_ends_the_transfer_first(
    bench: StepHarness, ready: Job, process: Make, answer: Answer
) -> None:
    """A function that stops by itself cleans up; one that is killed cannot."""
    bench.ipqs.script("download", [answer])
    one = process()

    with pytest.raises(TransferTooSlow):
        download(
            ready,
            "all",
            provider=one.provider,
            results=one.results,
            attempts=1,
            now=one.now,
            ends_at=one.now() + 20.3,  # all but 0.3 are kept for cleaning up
        )

    assert invisible(bench, ready)


@pytest.mark.fault(77)
def test_a_slow_answer_leaves_less_to_the_transfer(
    bench: StepHarness, ready: Job, process: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time that went by before the link was opened cannot be spent again."""
    one = process()
    given: list[float] = []
    ask, open_ = one.provider.results, one.provider.open

    def ask_slowly(provider_ref: str) -> Mapping[str, Link]:
        bench.ipqs.clock.advance(50.0)
        return ask(provider_ref)

    def open_and_note(link: Link, *, seconds: float) -> Body:
        given.append(seconds)
        return open_(link, seconds=seconds)

    monkeypatch.setattr(one.provider, "results", ask_slowly)
    monkeypatch.setattr(one.provider, "open", open_and_note)

    one.download(ready, "all")

    assert given == [pytest.approx(900 - 50 - 20, abs=5)]


@pytest.mark.fault(80)
def test_two_attempts_at_once_make_one_object(
    bench: StepHarness, ready: Job, process: Make
) -> None:
    """Both carry the whole file; it is published by one of them."""
    both = [process(), process()]

    with ThreadPoolExecutor(2) as threads:
        files = list(threads.map(lambda each: each.download(ready, "all"), both))

    assert files[0].sha256 == files[1].sha256
    assert bench.versions(ready) == {"all.csv": 1}
    assert not bench.unfinished(ready)


def test_a_result_of_several_parts_arrives_whole(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """Buffers are used again, and senders finish in any order: no part may notice."""
    content = Content.rows(66 * 1024 * 1024 + 17)
    reference = bench.ipqs.add_finished(results={"all": content})
    big = job.with_(provider_ref=str(reference))

    file = process().download(big, "all")

    assert describes(file, content.read())
    assert bench.result(big, "all.csv") == content.read()


@pytest.mark.fault(41)
def test_a_result_without_a_link_is_asked_for_again(
    bench: StepHarness, ready: Job, process: Make
) -> None:
    """It was named a moment ago: what is missing now may be there again."""
    with pytest.raises(LinkSpent):
        process().download(ready, "pristine")

    assert invisible(bench, ready)


@pytest.mark.fault(81)
def test_a_manifest_that_is_there_is_the_manifest(
    bench: StepHarness, ready: Job, process: Make
) -> None:
    """Written twice, at once or because nobody told: one object."""
    file = process().download(ready, "all")
    whole = ready.with_(kinds=("all",), files=(file,))
    first = process().manifest(whole, 0)
    content = bench.result(ready, "manifest.json")

    second = process().manifest(whole, 1)

    assert first == second
    assert bench.result(ready, "manifest.json") == content
    assert bench.versions(ready) == {"all.csv": 1, "manifest.json": 1}


@pytest.mark.fault(81)
def test_a_strangers_manifest_is_not_taken_for_ours(ready: Job, process: Make) -> None:
    """Its presence says that a job is complete: it has to be this one."""
    file = process().download(ready, "all")
    key = manifest_key(ready)
    clients.s3().put_object(Bucket=RESULTS, Key=key, Body=b"{}")

    with pytest.raises(ResultMismatch):
        process().manifest(ready.with_(kinds=("all",), files=(file,)), 0)
