"""Submit: a list is sent at most once, whatever happens to the attempts around it."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody

from functions.aws import clients
from functions.core.errors import (
    AwsUnavailable,
    SourceMissing,
    SubmitOutcomeUnknown,
)
from functions.core.model import Job, Next, Outcome
from functions.core.rows import RowCount
from local.simulators.faults import Answer
from tests.faults.execution_driver import (
    RETRIES,
    ExecutionDriver,
    LambdaProcess,
    ProcessFactory,
)
from tests.faults.fault_injection import aws_hook
from tests.faults.harness import INBOX, LIST, SETTLE_SECONDS, StepHarness


def claim(harness: StepHarness, job: Job, process: LambdaProcess) -> None:
    """Claim the submission for an attempt that was killed right after."""
    process.job_store.claim_submission(job, token="gone", now=harness.ipqs.clock.now())


def cut_off(parsed: dict[str, Any], **_: object) -> None:
    """Replace the body of a GetObject response by one that ends at once."""
    parsed["Body"].close()
    parsed["Body"] = StreamingBody(BytesIO(), parsed["ContentLength"])


@pytest.mark.fault(5)
def test_a_deleted_list_ends_the_job(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """Retrying does not bring an object back: the job fails at once, unpaid."""
    clients.s3().delete_object(Bucket=INBOX, Key=job.key, VersionId=job.version_id)

    ended = driver.run(job)

    assert (ended.outcome, ended.error) == (Outcome.FAILED, SourceMissing.__name__)
    assert driver.most_attempts == 1
    assert harness.calls("upload") == 0


@pytest.mark.fault(5)
def test_a_list_deleted_after_payment_is_still_followed(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """Its rows can no longer be counted, but its results can still be fetched."""
    claim(harness, job, new_process())
    reference = harness.ipqs.add_finished(results={}, file_name=f"{job.job_id}.csv")
    clients.s3().delete_object(Bucket=INBOX, Key=job.key, VersionId=job.version_id)

    submitted = new_process().submit(job)

    assert (submitted.provider_ref, submitted.rows) == (str(reference), 0)


@pytest.mark.fault(6)
def test_sends_the_version_of_the_job(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """A newer version of the object is another job."""
    newer = b"Email Address\nother@canary-rows.example\n"
    clients.s3().put_object(Bucket=INBOX, Key=job.key, Body=newer)

    ended = driver.run(job)

    assert ended.rows == LIST.count(b"\n") - 1
    assert harness.result(job, "all.csv") == harness.expected["all"]


@pytest.mark.fault(17)
def test_looks_for_an_upload_at_growing_intervals(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """The provider's list may lag behind, and looking costs little."""
    claim(harness, job, new_process())
    waits: list[int] = []
    while sum(waits) < SETTLE_SECONDS:
        job = new_process().submit(job)
        waits.append(job.wait_seconds)
        harness.ipqs.clock.advance(job.wait_seconds)

    with pytest.raises(SubmitOutcomeUnknown):
        new_process().submit(job)

    assert waits == [4, 4, 8, 16, 32, 64, 128, 104]
    assert harness.calls("upload") == 0


@pytest.mark.fault(17)
@pytest.mark.fault(18)
@pytest.mark.parametrize("lag", [0, 1, SETTLE_SECONDS - 1, SETTLE_SECONDS + 1, 1e9])
def test_never_pays_twice_however_late_the_list_is(
    harness: StepHarness, job: Job, driver: ExecutionDriver, lag: float
) -> None:
    """A list without our file proves nothing: it is adopted, or a person decides."""
    harness.ipqs.behave(list_lag_seconds=lag)
    harness.ipqs.script("upload", [Answer.dropped_after()])

    ended = driver.run(job)

    if lag < SETTLE_SECONDS:
        assert ended.outcome is Outcome.SUCCEEDED
    else:
        assert ended.error == SubmitOutcomeUnknown.__name__
    assert harness.calls("upload") == harness.paid_uploads(job) == 1


@pytest.mark.fault(18)
@pytest.mark.fault(39)
def test_a_retry_adopts_what_is_listed_by_then(
    harness: StepHarness, job: Job, driver: ExecutionDriver, new_process: ProcessFactory
) -> None:
    """A person who says "retry" has not said "pay again": the list is searched."""
    lag = 10 * SETTLE_SECONDS
    harness.ipqs.behave(list_lag_seconds=lag)
    harness.ipqs.script("upload", [Answer.dropped_after()])
    driver.run(job)

    early = driver.run(_retried(new_process(), job))
    harness.ipqs.clock.advance(lag)
    late = driver.run(_retried(new_process(), job))

    assert early.error == SubmitOutcomeUnknown.__name__
    assert late.outcome is Outcome.SUCCEEDED
    assert harness.calls("upload") == harness.paid_uploads(job) == 1


def _retried(process: LambdaProcess, job: Job) -> Job:
    record = process.job_store.get(job.job_id)
    assert record is not None
    restarted = process.job_store.restart(record, now=process.now())
    assert restarted is not None
    return restarted.to_job()


@pytest.mark.fault(18)
@pytest.mark.parametrize(
    "switches",
    [
        pytest.param({"newer_uploads": 50}, id="pages that move while one reads"),
        pytest.param({"newer_uploads": 101}, id="more newer uploads than list_pages"),
        pytest.param({"list_newest_first": False}, id="the oldest first"),
    ],
)
def test_never_pays_twice_however_the_list_is_ordered(
    harness: StepHarness, job: Job, driver: ExecutionDriver, switches: dict[str, Any]
) -> None:
    """In an account with many files, ours may be on no page that is read."""
    for _ in range(101):  # two pages of 50 are searched
        harness.ipqs.add_finished(results={})
    harness.ipqs.behave(**switches)
    harness.ipqs.script("upload", [Answer.dropped_after()])

    ended = driver.run(job)

    assert ended.error == SubmitOutcomeUnknown.__name__
    assert harness.calls("upload") == harness.paid_uploads(job) == 1


@pytest.mark.fault(18)
def test_a_long_list_hides_no_upload_that_is_listed_late(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """An account keeps its old files, so the list is nearly always too long."""
    for _ in range(101):  # two pages of 50 are searched
        harness.ipqs.add_finished(results={})
    harness.ipqs.behave(list_lag_seconds=30)
    harness.ipqs.script("upload", [Answer.dropped_after()])

    ended = driver.run(job)

    assert ended.outcome is Outcome.SUCCEEDED
    assert harness.calls("upload") == 1


@pytest.mark.fault(17)
def test_sends_again_what_is_unlisted_where_the_settings_say_so(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """Who prefers a second bill to a person's look can have it, once it has settled."""
    harness.changes["resubmit_unlisted"] = True
    claim(harness, job, new_process())
    harness.ipqs.clock.advance(SETTLE_SECONDS - 1)
    early = new_process().submit(job)
    harness.ipqs.clock.advance(early.wait_seconds)

    submitted = new_process().submit(job)
    again = new_process().submit(job, 1)

    assert (early.next, early.wait_seconds) == (Next.HOLD, 1)
    assert submitted.provider_ref == again.provider_ref != ""
    assert harness.paid_uploads(job) == 1


@pytest.mark.fault(16)
def test_adopts_an_upload_whose_response_was_lost(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """It was paid, and the provider's list has its id."""
    harness.ipqs.script("upload", [Answer.dropped_after()])

    submitted = new_process().submit(job)

    assert submitted.provider_ref == str(harness.ipqs.csvs[0].id)
    assert submitted.rows == LIST.count(b"\n") - 1
    assert harness.calls("upload") == harness.paid_uploads(job) == 1


@pytest.mark.fault(16)
@pytest.mark.fault(24)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer.html(), id="a page"),
        pytest.param(Answer.dropped_before(), id="no answer"),
    ],
)
def test_waits_until_the_list_can_be_searched(
    harness: StepHarness, job: Job, driver: ExecutionDriver, answer: Answer
) -> None:
    """The upload may be paid, so an unavailable provider must only delay the job."""
    harness.ipqs.script("upload", [Answer.dropped_after()])
    harness.ipqs.script("list", [answer] * (RETRIES + 3))

    ended = driver.run(job)

    assert ended.outcome is Outcome.SUCCEEDED
    assert harness.calls("upload") == harness.paid_uploads(job) == 1


@pytest.mark.fault(16)
def test_leaves_a_list_too_long_to_search_to_a_person(
    harness: StepHarness, job: Job, driver: ExecutionDriver, new_process: ProcessFactory
) -> None:
    """Not found in a part of the list is no reason to pay again."""
    for _ in range(101):  # two pages of 50 are searched
        harness.ipqs.add_finished(results={})
    claim(harness, job, new_process())
    harness.ipqs.clock.advance(SETTLE_SECONDS)

    ended = driver.run(job)

    assert ended.error == SubmitOutcomeUnknown.__name__
    assert harness.calls("upload") == 0


@pytest.mark.fault(80)
def test_concurrent_attempts_pay_once(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """One of them gets the claim; the other one waits for its upload."""
    processes = [new_process(), new_process()]

    with ThreadPoolExecutor(2) as threads:
        submitted = list(threads.map(lambda each: each.submit(job), processes))

    assert harness.calls("upload") == 1
    assert {each.next for each in submitted} <= {Next.WAIT, Next.HOLD}
    assert new_process().submit(job, 1).provider_ref == str(harness.ipqs.csvs[0].id)


@pytest.mark.fault(80)
def test_concurrent_reclaims_pay_once(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """Both searched the list in vain; one of them gets the claim."""
    harness.changes["resubmit_unlisted"] = True
    claim(harness, job, new_process())
    harness.ipqs.clock.advance(SETTLE_SECONDS)
    processes = [new_process(), new_process()]
    both_searched = threading.Barrier(2, timeout=10)

    def wait_for_both(params: dict[str, Any], **_: object) -> None:
        if b":old" in params["body"]:
            both_searched.wait()

    with (
        aws_hook("before-call.dynamodb.UpdateItem", wait_for_both),
        ThreadPoolExecutor(2) as threads,
    ):
        submitted = list(threads.map(lambda each: each.submit(job), processes))

    assert harness.calls("upload") == harness.paid_uploads(job) == 1
    assert {each.next for each in submitted} <= {Next.WAIT, Next.HOLD}


@pytest.mark.fault(80)
def test_a_zombie_does_not_release_its_successors_claim(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """It failed long after it was given up, and its knowledge is out of date."""
    zombie = new_process()
    claim(harness, job, zombie)
    zombie.job_store.claim_submission(
        job, old="gone", token="successor", now=harness.ipqs.clock.now()
    )

    zombie.job_store.release_claim(job, token="gone")

    assert harness.item(job)["intent"] == "successor"


@pytest.mark.fault(80)
def test_a_late_check_cannot_reopen_a_job(
    harness: StepHarness, job: Job, driver: ExecutionDriver, new_process: ProcessFactory
) -> None:
    """What a zombie attempt learned is older than the outcome."""
    ended = driver.run(job)
    before = harness.item(job)

    new_process().job_store.record_progress(ended.with_(polls=99), next_check_at=1.0)

    assert harness.item(job) == before


@pytest.mark.fault(80)
def test_a_late_check_cannot_overwrite_newer_progress(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """The table shows the latest check, in whatever order the writes arrive."""
    job_store = new_process().job_store
    job_store.claim_submission(job, token="any", now=0.0)
    job_store.record_progress(job.with_(polls=2), next_check_at=2.0)

    job_store.record_progress(job.with_(polls=1), next_check_at=1.0)

    assert float(harness.item(job)["polls"]) == 2.0


@pytest.mark.fault(80)
def test_the_first_reference_is_kept(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """Two references would be two bills, one of them forgotten."""
    job_store = new_process().job_store
    count = RowCount(3)
    job_store.record_submission(job, provider_ref="1", count=count, now=0.0)

    late = job_store.record_submission(job, provider_ref="2", count=count, now=1.0)

    assert late.provider_ref == harness.item(job)["provider_ref"] == "1"


@pytest.mark.fault(69)
def test_a_list_cut_off_during_the_upload_is_sent_again(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """A connection to S3 may end in the middle of an object."""
    reads = itertools.count(1)

    def cut_second(parsed: dict[str, Any], **_: object) -> None:
        if next(reads) == 2:  # the first one counts the rows
            cut_off(parsed)

    with aws_hook("after-call.s3.GetObject", cut_second):
        ended = driver.run(job)

    assert ended.outcome is Outcome.SUCCEEDED
    assert harness.paid_uploads(job) == 1


@pytest.mark.fault(69)
def test_a_list_cut_off_during_counting_is_not_sent(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """Nobody wants half a list verified."""
    with (
        aws_hook("after-call.s3.GetObject", cut_off),
        pytest.raises(AwsUnavailable, match="could not read"),
    ):
        new_process().submit(job)

    assert harness.calls("upload") == 0
    assert "intent" not in harness.item(job)


@pytest.mark.fault(39)
def test_a_job_that_runs_again_buys_and_writes_nothing(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """A redrive, or a second execution of the job, finds everything done."""
    driver.run(job)
    manifest = harness.result(job, "manifest.json")

    ended = driver.run(job)

    assert ended.outcome is Outcome.SUCCEEDED
    assert harness.calls("upload") == 1
    assert harness.calls("download") == len(harness.expected)
    assert set(harness.versions(job).values()) == {1}
    assert harness.result(job, "manifest.json") == manifest


@pytest.mark.fault(80)
def test_concurrent_ends_record_one_outcome(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """The first write stands, and the other attempt returns it."""
    stores = [new_process().job_store, new_process().job_store]
    ends = [job.with_(outcome=Outcome.FAILED), job.with_(outcome=Outcome.TIMED_OUT)]

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(
            lambda job_store, end: job_store.record_outcome(end, now=0.0), stores, ends
        )

    assert first == second
    assert harness.item(job)["outcome"] == first.outcome
