"""Credits: a job without them waits, asks rarely, and goes on when they are back."""

import heapq
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from functions.aws import clients
from functions.core.errors import OutOfCredits
from functions.core.model import Job, Next, Outcome
from tests.faults.batch_harness import BatchHarness
from tests.faults.execution_driver import ExecutionDriver, ProcessFactory
from tests.faults.harness import TABLE, StepHarness

HOUR = 3600.0
#: A deadline that takes a tenth of the calls of the deployed one.
SOON = 2 * HOUR
FOREVER = 1e12
#: The metrics that were written, by name: (number of lines, last value).
METRIC = "JobsWaitingForCredits"


def waiting_jobs(capsys: pytest.CaptureFixture[str]) -> list[int]:
    """Return the numbers of waiting jobs that were measured since the last call."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line[METRIC] for line in lines if METRIC in line]


def item(job_id: str) -> dict[str, Any]:
    """Return an item of the jobs table."""
    response = clients.dynamodb().get_item(
        TableName=TABLE, Key={"job_id": {"S": job_id}}, ConsistentRead=True
    )
    return dict(response.get("Item", {}))


def run_together(batches: BatchHarness, jobs: Sequence[Job]) -> list[str]:
    """Run requests of a batch side by side; return how each ended, by number."""
    clock = batches.simulator.clock
    queue = [
        (batches.now(), n, job.with_(next=Next.HOLD)) for n, job in enumerate(jobs)
    ]
    ended = [""] * len(jobs)
    while queue:
        due_at, number, job = heapq.heappop(queue)
        clock.advance(max(0.0, due_at - batches.now()))
        step = batches.submit if job.next is Next.HOLD else batches.check
        job = batches.retry(step, job)
        if job.next in (Next.HOLD, Next.WAIT):
            due = batches.now() + job.wait_seconds
            heapq.heappush(queue, (due, number, job))
        else:
            ended[number] = batches.collect(job)
    return ended


@pytest.mark.fault(21)
def test_a_list_goes_on_when_there_are_credits(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """Nobody has to know which jobs were waiting when the credits are bought."""
    harness.ipqs.behave(credits_back_at=harness.ipqs.now() + 3 * HOUR)

    ended = driver.run(job)

    assert ended.outcome is Outcome.SUCCEEDED
    assert harness.paid_uploads(job) == 1
    # Asked at the cap of the schedule, a quarter of an hour.
    assert harness.calls("upload") in range(12, 15)


@pytest.mark.fault(21)
def test_a_list_without_credits_ends_at_its_deadline(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """The reader learns why, and what to buy, and not only that it took too long."""
    harness.ipqs.behave(credits_back_at=FOREVER)
    harness.changes["poll"] = replace(harness.settings.poll, deadline_seconds=SOON)
    since = harness.ipqs.now()

    ended = driver.run(job)

    assert (ended.outcome, ended.error) == (Outcome.FAILED, OutOfCredits.__name__)
    assert ended.advice == OutOfCredits.advice
    assert harness.ipqs.now() - since == pytest.approx(SOON, abs=2)
    assert "intent" not in harness.item(job)


@pytest.mark.fault(21)
def test_a_job_that_waits_says_why_and_since_when(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """It would look as if it hung, until its deadline."""
    began = harness.ipqs.now()
    harness.ipqs.behave(credits_back_at=began + HOUR)
    process = new_process()

    first = process.submit(job)
    harness.ipqs.clock.advance(first.wait_seconds)
    second = process.submit(first, 1)
    record = process.job_store.get(job.job_id)

    assert record is not None
    assert (record.held_for, record.held_since) == (OutOfCredits.__name__, began)
    assert (second.next, second.held_since) == (Next.HOLD, began)
    harness.ipqs.clock.advance(HOUR)
    submitted = process.submit(second, 2)
    record = process.job_store.get(job.job_id)
    assert record is not None
    assert (submitted.held_for, record.held_for, record.held_since) == ("", "", 0.0)


@pytest.mark.fault(21)
def test_counts_the_jobs_that_wait(
    harness: StepHarness,
    new_process: ProcessFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The alarm's value is their number, however often each of them looks."""
    harness.ipqs.behave(credits_back_at=FOREVER)
    process = new_process()
    jobs = [process.submit(harness.upload_list()) for _ in range(3)]
    assert waiting_jobs(capsys) == [1, 2, 3]

    for _ in range(4):
        harness.ipqs.clock.advance(900)
        jobs = [process.submit(job, 1) for job in jobs]
    assert waiting_jobs(capsys) == [3] * 12

    for _ in range(4):  # the others were cancelled
        harness.ipqs.clock.advance(900)
        process.submit(jobs[0], 1)
    assert waiting_jobs(capsys)[-1] == 1


@pytest.mark.fault(21)
def test_one_job_asks_for_all(
    harness: StepHarness, new_process: ProcessFactory
) -> None:
    """Each question uploads a whole list; one a quarter of an hour is enough."""
    harness.ipqs.behave(credits_back_at=FOREVER)
    process = new_process()
    jobs = [process.submit(harness.upload_list()) for _ in range(5)]
    before = harness.calls("upload")

    for _ in range(4):
        harness.ipqs.clock.advance(900)
        jobs = [process.submit(job, 1) for job in jobs]

    assert before == 5  # a small one might have been paid from what was left
    assert harness.calls("upload") == before + 4


@pytest.mark.fault(21)
def test_a_batch_asks_as_rarely_as_one_job(batches: BatchHarness) -> None:
    """Forty requests that wait must not use up the rate, nor fill their histories."""
    vpas = "\n".join(["mobile,name", *(f"+9198712345{n:02},Asha" for n in range(10))])
    prepared = batches.prepare(batches.upload_list(vpas))
    batches.job_store.create(prepared, now=batches.now())
    batches.simulator.behave(credits_back_at=batches.now() + HOUR)
    sent_before = len(batches.simulator.requests)

    results = run_together(batches, batches.requests(prepared))

    posts = [
        request.call for request in list(batches.simulator.requests)[sent_before:]
    ].count("submit")
    assert len(batches.simulator.accepted) == 10
    assert all(
        text.split()[1] in ("succeeded", "partial", "failed") for text in results
    )
    assert OutOfCredits.__name__ not in " ".join(results)
    assert posts <= 10 + HOUR / batches.settings.policy.cap_seconds + 2


@pytest.mark.fault(21)
def test_a_batch_says_that_it_waits(
    batches: BatchHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its requests are not listed; it counts as one job."""
    prepared = batches.prepare(batches.upload_list())
    batches.job_store.create(prepared, now=batches.now())
    began = batches.now()
    batches.simulator.behave(credits_back_at=began + HOUR)
    capsys.readouterr()

    waiting = [batches.submit(request) for request in batches.requests(prepared)]
    measured = waiting_jobs(capsys)
    held = batches.job_store.get(prepared.job_id)
    batches.simulator.clock.advance(HOUR)
    batches.submit(waiting[0])
    freed = batches.job_store.get(prepared.job_id)

    assert measured == [1, 1, 1]
    assert held is not None
    assert (held.held_for, held.held_since) == (OutOfCredits.__name__, began)
    assert freed is not None
    assert freed.held_for == ""


@pytest.mark.fault(21)
def test_requests_wait_until_the_deadline_of_their_batch(
    batches: BatchHarness,
) -> None:
    """Each with a deadline of its own, thousands would wait for months."""
    poll = replace(batches.settings.poll, deadline_seconds=SOON)
    batches.settings = replace(batches.settings, poll=poll)
    job = batches.upload_list().with_(received_at=batches.now())
    requests = batches.requests(batches.prepare(job))
    batches.simulator.behave(credits_back_at=FOREVER)

    first = batches.run_request(requests[0])
    ended_after = batches.now() - job.received_at
    others = [batches.run_request(request) for request in requests[1:]]

    assert first == f"0 failed {OutOfCredits.__name__}"
    assert ended_after == pytest.approx(SOON, abs=2)
    assert others == [f"{n} failed {OutOfCredits.__name__}" for n in (1, 2)]
    assert batches.now() - job.received_at - ended_after == 0.0


@pytest.mark.fault(21)
def test_a_check_without_credits_waits_as_well(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """Whether a status call needs credits is not documented; the job is paid for."""
    harness.ipqs.behave(
        calls_needing_credits=frozenset({"status"}),
        credits_back_at=harness.ipqs.now() + 5 * HOUR,
    )

    ended = driver.run(job)

    assert ended.outcome is Outcome.SUCCEEDED
    assert (ended.held_for, harness.calls("upload")) == ("", 1)
    assert ended.polls in range(18, 24)


@pytest.mark.fault(21)
def test_a_check_that_waits_says_why(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """As before the submission."""
    process = new_process()
    submitted = process.submit(job)
    harness.ipqs.behave(
        calls_needing_credits=frozenset({"status"}), credits_back_at=FOREVER
    )
    began = harness.ipqs.now()

    process.check(submitted)
    record = process.job_store.get(job.job_id)

    assert record is not None
    assert (record.held_for, record.held_since) == (OutOfCredits.__name__, began)


@pytest.mark.fault(21)
def test_a_check_without_credits_ends_at_the_deadline(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """With the reason, as before the submission."""
    harness.ipqs.behave(
        calls_needing_credits=frozenset({"status"}), credits_back_at=FOREVER
    )
    harness.changes["poll"] = replace(harness.settings.poll, deadline_seconds=SOON)

    ended = driver.run(job)

    assert (ended.outcome, ended.error) == (Outcome.FAILED, OutOfCredits.__name__)
    assert ended.provider_ref != ""
