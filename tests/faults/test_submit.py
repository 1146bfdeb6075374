"""Submit: handed over at most once, whatever becomes of the attempts around it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from functions.aws import clients
from functions.core.errors import (
    AwsUnavailable,
    SourceMissing,
    SubmitOutcomeUnknown,
)
from functions.core.model import Job, Next, Outcome
from local.simulators.faults import Answer
from tests.faults.execution_driver import RETRIES, Process, Walk
from tests.faults.fault_injection import hooked
from tests.faults.harness import INBOX, LIST, SETTLE_SECONDS, StepHarness

Make = Callable[[], Process]


def claimed(bench: StepHarness, job: Job, process: Process) -> None:
    """Leave the intent of an attempt that went no further."""
    process.ledger.claim_submission(job, token="gone", now=bench.ipqs.clock.now())


@pytest.mark.fault(5)
def test_a_deleted_list_ends_the_job(bench: StepHarness, job: Job, walk: Walk) -> None:
    """Retrying brings no object back: it is said at once, and nothing is paid."""
    clients.s3().delete_object(Bucket=INBOX, Key=job.key, VersionId=job.version_id)

    ended = walk.to_the_end(job)

    assert (ended.outcome, ended.error) == (Outcome.FAILED, SourceMissing.__name__)
    assert walk.most_attempts == 1
    assert bench.calls("upload") == 0


@pytest.mark.fault(5)
def test_a_list_deleted_after_it_was_paid_for_is_followed_all_the_same(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """Its rows cannot be counted any more; its results can still be had."""
    claimed(bench, job, process())
    reference = bench.ipqs.add_finished(results={}, file_name=f"{job.job_id}.csv")
    clients.s3().delete_object(Bucket=INBOX, Key=job.key, VersionId=job.version_id)

    submitted = process().submit(job, 0)

    assert (submitted.provider_ref, submitted.rows) == (str(reference), 0)


@pytest.mark.fault(6)
def test_a_replaced_list_is_sent_as_it_was(
    bench: StepHarness, job: Job, walk: Walk
) -> None:
    """The job is that of a version: another one is another job."""
    newer = b"Email Address\nother@canary-rows.example\n"
    clients.s3().put_object(Bucket=INBOX, Key=job.key, Body=newer)

    ended = walk.to_the_end(job)

    assert ended.rows == LIST.count(b"\n") - 1
    assert bench.result(job, "all.csv") == bench.expected["all"]


@pytest.mark.fault(17)
def test_an_unlisted_upload_is_waited_for(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """A list may lag behind: until it surely does not, nothing is sent again."""
    claimed(bench, job, process())

    first = process().submit(job, 0)
    bench.ipqs.clock.advance(SETTLE_SECONDS - 1)
    second = process().submit(first, 1)

    assert (first.next, first.wait_seconds) == (Next.HOLD, SETTLE_SECONDS)
    assert (second.next, second.wait_seconds) == (Next.HOLD, 1)
    assert bench.calls("upload") == 0


@pytest.mark.fault(17)
def test_an_upload_that_never_came_is_sent_once(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """After the settling time there was no upload, and one has to be made."""
    claimed(bench, job, process())
    bench.ipqs.clock.advance(SETTLE_SECONDS)

    submitted = process().submit(job, 0)
    again = process().submit(job, 1)

    assert submitted.provider_ref == again.provider_ref != ""
    assert bench.uploads(job) == 1


@pytest.mark.fault(16)
def test_an_upload_without_an_answer_is_adopted(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """It was paid: the provider's list tells its id."""
    bench.ipqs.script("upload", [Answer.dropped_after()])

    submitted = process().submit(job, 0)

    assert submitted.provider_ref == str(bench.ipqs.csvs[0].id)
    assert submitted.rows == LIST.count(b"\n") - 1
    assert bench.calls("upload") == bench.uploads(job) == 1


@pytest.mark.fault(16)
@pytest.mark.fault(24)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer.html(), id="a page"),
        pytest.param(Answer.dropped_before(), id="no answer"),
    ],
)
def test_a_list_that_cannot_be_searched_is_waited_for(
    bench: StepHarness, job: Job, walk: Walk, answer: Answer
) -> None:
    """The upload may be paid: a provider in trouble costs it time, not its life."""
    bench.ipqs.script("upload", [Answer.dropped_after()])
    bench.ipqs.script("list", [answer] * (RETRIES + 3))

    ended = walk.to_the_end(job)

    assert ended.outcome is Outcome.SUCCEEDED
    assert bench.calls("upload") == bench.uploads(job) == 1


@pytest.mark.fault(16)
def test_a_list_too_long_to_search_is_left_to_a_person(
    bench: StepHarness, job: Job, walk: Walk, process: Make
) -> None:
    """Not found in part of a list is not proof enough to pay again."""
    for _ in range(101):  # two pages of 50 are searched
        bench.ipqs.add_finished(results={})
    claimed(bench, job, process())
    bench.ipqs.clock.advance(SETTLE_SECONDS)

    ended = walk.to_the_end(job)

    assert ended.error == SubmitOutcomeUnknown.__name__
    assert bench.calls("upload") == 0


@pytest.mark.fault(80)
def test_two_attempts_at_once_pay_once(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """The intent is claimed by one of them; the other one waits for what comes."""
    both = [process(), process()]

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(lambda each: each.submit(job, 0), both))

    assert bench.calls("upload") == 1
    assert {each.next for each in done} <= {Next.WAIT, Next.HOLD}
    assert process().submit(job, 1).provider_ref == str(bench.ipqs.csvs[0].id)


@pytest.mark.fault(80)
def test_two_that_take_over_at_once_pay_once(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """Both saw the list without the file; the intent goes to one of them."""
    claimed(bench, job, process())
    bench.ipqs.clock.advance(SETTLE_SECONDS)
    both = [process(), process()]
    have_searched = threading.Barrier(2, timeout=10)

    def wait_for_the_other(params: dict[str, Any], **_: object) -> None:
        if b":old" in params["body"]:
            have_searched.wait()

    with (
        hooked("before-call.dynamodb.UpdateItem", wait_for_the_other),
        ThreadPoolExecutor(2) as threads,
    ):
        done = list(threads.map(lambda each: each.submit(job, 0), both))

    assert bench.calls("upload") == bench.uploads(job) == 1
    assert {each.next for each in done} == {Next.WAIT, Next.HOLD}


@pytest.mark.fault(80)
def test_a_zombie_does_not_withdraw_the_intent_of_its_successor(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """It failed long after it was given up: what it knew is no longer so."""
    zombie = process()
    claimed(bench, job, zombie)
    assert zombie.ledger.reclaim_submission(
        job, old="gone", token="successor", now=bench.ipqs.clock.now()
    )

    zombie.ledger.release_claim(job, token="gone")

    assert bench.item(job)["intent"] == "successor"


@pytest.mark.fault(80)
def test_a_late_check_cannot_reopen_a_job(
    bench: StepHarness, job: Job, walk: Walk, process: Make
) -> None:
    """What a zombie learned is older than the outcome."""
    ended = walk.to_the_end(job)
    before = bench.item(job)

    process().ledger.record_progress(ended.with_(polls=99), next_check_at=1.0)

    assert bench.item(job) == before


@pytest.mark.fault(80)
def test_a_late_check_cannot_turn_progress_back(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """The table shows the latest check, in whatever order they arrive."""
    ledger = process().ledger
    ledger.claim_submission(job, token="any", now=0.0)
    ledger.record_progress(job.with_(polls=2), next_check_at=2.0)

    ledger.record_progress(job.with_(polls=1), next_check_at=1.0)

    assert float(bench.item(job)["polls"]) == 2.0


@pytest.mark.fault(80)
def test_the_first_reference_stands(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """Two references would be two bills, of which one is forgotten."""
    ledger = process().ledger
    ledger.record_submission(job, provider_ref="1", rows=3, now=0.0)

    late = ledger.record_submission(job, provider_ref="2", rows=3, now=1.0)

    assert late.provider_ref == bench.item(job)["provider_ref"] == "1"


@pytest.mark.fault(69)
def test_a_list_that_breaks_off_while_it_is_sent_is_sent_again(
    bench: StepHarness, job: Job, walk: Walk
) -> None:
    """S3's connection may end in the middle of an object, as any connection."""
    reads: list[int] = []

    def cut(parsed: dict[str, Any], **_: object) -> None:
        reads.append(1)
        if len(reads) == 2:  # the first one counts the rows
            parsed["Body"]._raw_stream.close()
            parsed["Body"]._raw_stream = _Cut()

    with hooked("after-call.s3.GetObject", cut):
        ended = walk.to_the_end(job)

    assert ended.outcome is Outcome.SUCCEEDED
    assert bench.uploads(job) == 1


@pytest.mark.fault(69)
def test_a_list_that_breaks_off_while_it_is_counted_is_not_sent(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """Half a list is not what its owner wants verified."""

    def cut(parsed: dict[str, Any], **_: object) -> None:
        parsed["Body"]._raw_stream.close()
        parsed["Body"]._raw_stream = _Cut()

    with (
        hooked("after-call.s3.GetObject", cut),
        pytest.raises(AwsUnavailable, match="could not read"),
    ):
        process().submit(job, 0)

    assert bench.calls("upload") == 0
    assert "intent" not in bench.item(job)


@pytest.mark.fault(39)
def test_a_job_that_is_walked_again_buys_and_writes_nothing(
    bench: StepHarness, job: Job, walk: Walk
) -> None:
    """A redrive, or a second execution of one job, finds all of it done."""
    walk.to_the_end(job)
    manifest = bench.result(job, "manifest.json")

    again = walk.to_the_end(job)

    assert again.outcome is Outcome.SUCCEEDED
    assert bench.calls("upload") == 1
    assert bench.calls("download") == len(bench.expected)
    assert set(bench.versions(job).values()) == {1}
    assert bench.result(job, "manifest.json") == manifest


@pytest.mark.fault(80)
def test_two_ends_at_once_are_one_outcome(
    bench: StepHarness, job: Job, process: Make
) -> None:
    """Whoever writes first is right; the other one tells the same."""
    ledgers = [process().ledger, process().ledger]
    ends = [job.with_(outcome=Outcome.FAILED), job.with_(outcome=Outcome.TIMED_OUT)]

    with ThreadPoolExecutor(2) as threads:
        stands = list(
            threads.map(
                lambda ledger, end: ledger.record_outcome(end, now=0.0), ledgers, ends
            )
        )

    assert stands[0] is stands[1]
    assert bench.item(job)["outcome"] == stands[0]


class _Cut:
    """A stream that ended too early."""

    def read(self, _amount: int | None = None) -> bytes:
        """Nothing comes any more."""
        return b""

    def close(self) -> None:
        """Nothing is open."""
