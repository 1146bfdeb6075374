"""Submission: what makes a job wait before it is sent, and what it is told after."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from functions.aws.credit_waits import CreditWaits
from functions.aws.daily_budget import DailyBudget
from functions.aws.job_store import JobStore
from functions.aws.rate_limiter import RateLimiter
from functions.aws.results import Results
from functions.aws.submission_claim import SubmissionClaim
from functions.core.errors import (
    AwsUnavailable,
    CredentialsRejected,
    OutOfCredits,
    ProviderRejected,
    ProviderThrottled,
)
from functions.core.keys import BUDGET_ITEM_PREFIX, CREDIT_ITEM_PREFIX
from functions.core.model import Batch, BatchPosition, Job, Next, Outcome, Phase
from functions.core.rate_limit import RateLimit
from functions.submit import Submission
from tests.settings import POLICY, ipqs_settings
from tests.unit.memory_client import MemoryClient, MemoryTable
from tests.unit.metric_lines import metrics_of
from tests.unit.submitting_provider import COUNT, SubmittingProvider
from tests.world.memory_aws.s3 import S3

NOW = 1_700_000_000.0
INTERVAL = 100.0
CREDITS = f"{CREDIT_ITEM_PREFIX}ipqs"
JOB = Job(job_id="j", provider="ipqs", type="email", bucket="b", key="ipqs/a.csv")
REQUEST = JOB.with_(part=BatchPosition(batch_id="b", batch_since=NOW - 500))
SUBMITTED = JOB.with_(
    provider_ref="7",
    received_at=NOW,
    submitted_at=NOW,
    rows=COUNT.rows,
    distinct_rows=COUNT.distinct_rows,
    next=Next.WAIT,
    wait_seconds=5,
)
ON_HOLD = JOB.with_(received_at=NOW, next=Next.HOLD)


class Try:
    """One try to submit a job, its tables in memory; a test may change its parts."""

    def __init__(self) -> None:
        self.provider = SubmittingProvider()
        self.jobs = MemoryTable(key="job_id")
        self.waits = MemoryTable(key="wait_id")
        self.settings: Any = ipqs_settings(
            batches=(".json",), poll=replace(POLICY, jitter=0.2)
        )
        self.rate: RateLimit | None = None
        self.s3 = S3("results")

    def submit(self, job: Job, *, now: float = NOW) -> Job:
        """Submit a job; jitter cancels out, but for waits for credits."""
        store = JobStore(self.jobs.name, dynamodb=self.jobs.client, keep_days=1)
        source: Any = SimpleNamespace(size=1)
        provider: Any = self.provider
        s3: Any = MemoryClient(self.s3)
        return Submission(
            job=job,
            adapter=provider,
            source=source,
            settings=self.settings,
            claim=SubmissionClaim(job=job, job_store=store, token="ours", now=now),
            now=now,
            random=0.5,
            rate_limiter=RateLimiter(
                self.waits.name, "ipqs", limit=self.rate, dynamodb=self.waits.client
            )
            if self.rate
            else None,
            credits=CreditWaits(
                self.waits.name,
                "ipqs",
                interval=INTERVAL,
                job_store=store,
                dynamodb=self.waits.client,
            ),
            budget=DailyBudget(self.jobs.name, dynamodb=self.jobs.client, keep_days=1),
            results=lambda: Results("results", s3=s3),
        ).submit()


@pytest.fixture
def attempt() -> Try:
    """Return a try that nothing disturbs."""
    return Try()


def test_a_job_is_counted_when_it_is_first_recorded(
    attempt: Try, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not at a second try, and not for each request of a batch."""
    assert attempt.submit(JOB) == SUBMITTED
    (metrics,) = metrics_of(capsys.readouterr().out)
    assert metrics["JobsStarted"] == 1

    attempt.submit(JOB, now=NOW + 1)
    attempt.submit(REQUEST.with_(job_id="r"))
    assert metrics_of(capsys.readouterr().out) == []


@pytest.mark.parametrize("key", ["ipqs/email/a.json", "ipqs/email/A.JSON"])
def test_a_batch_is_prepared(attempt: Try, key: str) -> None:
    """Each of its rows is sent as a request, the batch itself never."""
    job = JOB.with_(key=key)

    assert attempt.submit(job) == job.with_(next=Next.PREPARE, received_at=NOW)
    assert attempt.provider.calls == []


def test_an_approved_batch_goes_on_with_its_requests(attempt: Try) -> None:
    """It is prepared by then; what is sent are the requests."""
    job = JOB.with_(batch=Batch(requests=2))

    assert attempt.submit(job) == job.with_(next=Next.REQUESTS)
    assert attempt.provider.calls == []


def test_the_words_of_a_refusal_are_kept_in_the_bucket(
    attempt: Try, capsys: pytest.CaptureFixture[str]
) -> None:
    """They may be personal, so the job has only their place; without any it fails."""
    said = {"request": {"class": "x", "message": "words of the provider"}}
    attempt.provider.refusal = ProviderRejected("400", said=said)

    refused = attempt.submit(JOB)

    assert (refused.outcome, refused.error) == (Outcome.FAILED, "ProviderRejected")
    stored = attempt.s3.current("results", refused.error_key)
    assert stored is not None
    assert stored.content is not None
    assert b"words of the provider" in stored.content
    output = capsys.readouterr().out
    assert metrics_of(output)[-1]["StepErrors"] == 1
    assert "words of" not in output

    attempt.provider.refusal = ProviderRejected("400")
    with pytest.raises(ProviderRejected):
        attempt.submit(JOB.with_(job_id="k"))


def test_a_request_is_sent_though_its_object_is_a_batch(attempt: Try) -> None:
    """Its key is that of the object that has the bodies of all requests."""
    request = REQUEST.with_(key="batches/b.json")

    assert attempt.submit(request).provider_ref == "7"


@pytest.mark.parametrize("job", [JOB, REQUEST], ids=["job", "request"])
def test_what_is_submitted_is_not_sent_again(attempt: Try, job: Job) -> None:
    """A request waits from now on, because nobody else sets when it was resumed."""
    attempt.jobs.put(
        "j", received_at=NOW - 9, provider_ref="7", submitted_at=NOW - 8, rows=3
    )

    submitted = attempt.submit(job)

    assert attempt.provider.calls == []
    assert (submitted.provider_ref, submitted.rows) == ("7", 3)
    assert (submitted.received_at, submitted.submitted_at) == (NOW - 9, NOW - 8)
    assert submitted.resumed_at == (NOW if job.is_batch_request else 0.0)


@pytest.mark.parametrize(
    ("unsent", "calls"),
    [(("theirs",), ["validate", "send"]), ((), ["find"]), (("other",), ["find"])],
)
def test_a_claim_left_behind_is_searched_for_unless_nothing_was_sent(
    attempt: Try, unsent: tuple[str, ...], calls: list[str]
) -> None:
    """The job knows the claims under which nothing was sent."""
    attempt.jobs.put("j", received_at=NOW, intent="theirs", intent_at=NOW - 1)

    attempt.submit(JOB.with_(unsent_claims=unsent))

    assert [call for call, *_ in attempt.provider.calls] == calls


def test_a_job_that_waits_for_approval_is_not_sent(attempt: Try) -> None:
    """Its wait is told until when; nobody's approval in time ends it."""
    attempt.jobs.put("j", received_at=NOW - 9, approve_until=NOW)

    waiting = attempt.submit(JOB)
    ended = attempt.submit(JOB, now=NOW + 120)

    # An approval in the last second is recorded within two minutes.
    assert (waiting.next, waiting.wait_seconds) == (Next.APPROVE, 120)
    assert (ended.outcome, ended.error) == (Outcome.FAILED, "ApprovalMissing")
    assert attempt.provider.calls == []


@pytest.mark.parametrize(
    ("daily_values", "approved_at", "values"),
    [(10, NOW - 5, 4), (10, 0.0, 0), (None, NOW - 5, 0)],
    ids=["approved", "in no need of it", "without a budget"],
)
def test_what_a_person_lets_through_counts_as_sent_that_day(
    attempt: Try, daily_values: int | None, approved_at: float, values: int
) -> None:
    """What nobody had to approve was counted before; without a budget, nothing is."""
    attempt.settings = replace(attempt.settings, daily_values=daily_values)
    attempt.jobs.put("j", received_at=NOW, approved_at=approved_at, approved_values=4)

    submitted = attempt.submit(JOB)

    assert submitted.provider_ref == "7"
    assert submitted.resumed_at == approved_at
    day = attempt.jobs.item(f"{BUDGET_ITEM_PREFIX}ipqs:2023-11-14")
    assert day.get("sent_values", 0) == values


def test_a_failed_call_holds_the_job(attempt: Try) -> None:
    """What the provider lets us wait for passes; what AWS does is the workflow's."""
    attempt.provider.refusal = ProviderThrottled("429", hint=77.0)

    assert attempt.submit(JOB) == ON_HOLD.with_(failures=1, wait_seconds=77)

    attempt.provider.refusal = AwsUnavailable("no")
    with pytest.raises(AwsUnavailable):
        attempt.submit(JOB)
    attempt.provider.refusal = CredentialsRejected("no")
    with pytest.raises(CredentialsRejected):
        attempt.submit(JOB)


def test_a_refusal_for_want_of_credits_lets_all_wait(
    attempt: Try, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first to ask says when the next one may; the job shows what it waits for."""
    attempt.provider.refusal = OutOfCredits("no")

    on_hold = attempt.submit(JOB)

    assert on_hold == ON_HOLD.with_(
        held_for="OutOfCredits", held_since=NOW, wait_seconds=110
    )
    assert attempt.waits.item(CREDITS)["next_at"] == NOW + INTERVAL
    assert attempt.jobs.item("j")["held_for"] == "OutOfCredits"
    _, metrics = metrics_of(capsys.readouterr().out)
    assert (metrics["StepErrors"], metrics["JobsWaitingForCredits"]) == (1, 1)


def _waiting(job: Job) -> Job:
    return job.with_(held_for="OutOfCredits", held_since=NOW - 50)


@pytest.mark.parametrize(
    "job", [_waiting(JOB), REQUEST, _waiting(REQUEST)], ids=["job", "new", "request"]
)
def test_no_job_asks_while_another_one_waits(
    attempt: Try, job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    """Thousands of requests would otherwise ask, each to be refused."""
    attempt.waits.put(CREDITS, next_at=NOW + 10)

    on_hold = attempt.submit(job)

    since = NOW - 50 if job.held_for else NOW
    assert on_hold == job.with_(
        received_at=NOW,
        next=Next.HOLD,
        held_for="OutOfCredits",
        held_since=since,
        wait_seconds=11,
    )
    assert attempt.provider.calls == []
    waiting = metrics_of(capsys.readouterr().out)[-1]
    assert waiting["JobsWaitingForCredits"] == 1
    assert "StepErrors" not in waiting


def test_a_new_job_asks_at_once(attempt: Try) -> None:
    """It may be small enough for the credits that are left."""
    attempt.waits.put(CREDITS, next_at=NOW + 10)

    assert attempt.submit(JOB) == SUBMITTED
    assert attempt.waits.item(CREDITS)["next_at"] == NOW + 10


@pytest.mark.parametrize("job", [_waiting(JOB), REQUEST], ids=["job", "request"])
def test_one_job_asks_for_all_in_its_turn(attempt: Try, job: Job) -> None:
    """There are credits again, so that nobody has to wait any more."""
    attempt.waits.put(CREDITS, next_at=NOW)

    assert attempt.submit(job).provider_ref == "7"
    assert attempt.waits.item(CREDITS) == {}


def test_a_request_waits_for_credits_until_the_deadline_of_its_batch(
    attempt: Try,
) -> None:
    """It is later by the time that all requests take at the provider's rate."""
    attempt.waits.put(CREDITS, next_at=NOW + 10)
    since = NOW - POLICY.deadline_seconds
    part = BatchPosition(batch_id="b", batch_since=since)

    ended = attempt.submit(REQUEST.with_(part=part))
    waiting = attempt.submit(REQUEST.with_(part=replace(part, sending_seconds=100.0)))

    assert ended.error == "OutOfCredits"
    assert waiting.next is Next.HOLD


def test_a_job_that_waits_again_frees_nobody(attempt: Try) -> None:
    """Its call failed: that says nothing of the credits."""
    attempt.waits.put(CREDITS, next_at=NOW)
    attempt.provider.refusal = ProviderThrottled("429")

    attempt.submit(_waiting(JOB))

    assert attempt.waits.item(CREDITS)["next_at"] == NOW + INTERVAL


def test_a_job_that_asks_and_is_reconciled_frees_nobody(attempt: Try) -> None:
    """Its submission may have failed, so that it has no reference."""
    attempt.waits.put(CREDITS, next_at=NOW)
    attempt.provider.prepared = lambda: attempt.jobs.put(
        "j", received_at=NOW, intent="theirs", intent_at=NOW
    )

    assert attempt.submit(_waiting(JOB)).next is Next.HOLD
    assert attempt.waits.item(CREDITS)["next_at"] == NOW + INTERVAL


def test_a_submission_waits_for_its_slot(attempt: Try) -> None:
    """The first is free, the second one interval later; it is then used at once."""
    attempt.rate = RateLimit(calls=1, seconds=50, leeway_seconds=10)
    assert attempt.submit(JOB).phase is Phase.QUEUED

    on_hold = attempt.submit(JOB.with_(job_id="k"))
    assert on_hold == ON_HOLD.with_(job_id="k", slot_at=NOW + 60, wait_seconds=60)

    sent = attempt.submit(on_hold, now=NOW + 60)
    assert sent.provider_ref == "7"
    late = attempt.submit(on_hold.with_(job_id="l"), now=NOW + 66)
    assert (late.next, late.slot_at) == (Next.HOLD, NOW + 120)
