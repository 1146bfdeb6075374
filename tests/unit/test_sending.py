"""Sending: each answer, and each failure, leads to one exact next step of the job."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from functions.aws.job_store import JobStore
from functions.aws.submission_claim import SubmissionClaim
from functions.core.errors import (
    AnswerLost,
    AwsUnavailable,
    CredentialsRejected,
    DeadlinePassed,
    PermanentError,
    ProviderThrottled,
    RequestInvalid,
    SourceMissing,
    SourceTooLarge,
    SubmitOutcomeUnknown,
)
from functions.core.job_record import SubmissionRecord
from functions.core.model import BatchPosition, Job, Next, Outcome, Phase, PreparedList
from functions.sending import Sending
from tests.settings import POLICY, ipqs_settings, txncheck_settings
from tests.unit.memory_client import MemoryTable
from tests.unit.metric_lines import metrics_of
from tests.unit.submitting_provider import COUNT, SubmittingProvider

NOW = 1_700_000_000.0
SETTLE_SECONDS = 360
JOB = Job(
    job_id="j", provider="ipqs", type="email", bucket="b", key="ipqs/email/a.csv"
).with_(
    failures=2,
    phase=Phase.RUNNING,
    unsent_claims=("older",),
    held_for="OutOfCredits",
    held_since=5.0,
    slot_at=6.0,
)
RECORD = SubmissionRecord(received_at=NOW - 1_000)
SUBMITTED = JOB.with_(
    provider_ref="7",
    received_at=NOW - 1_000,
    submitted_at=NOW,
    rows=COUNT.rows,
    distinct_rows=COUNT.distinct_rows,
    phase=Phase.QUEUED,
    failures=0,
    unsent_claims=(),
    held_for="",
    held_since=0.0,
    next=Next.WAIT,
    wait_seconds=10,
)
ON_HOLD = JOB.with_(received_at=NOW - 1_000, slot_at=0.0, next=Next.HOLD)


class Try:
    """One try to send a job: its parts, which a test may change before it begins."""

    def __init__(self) -> None:
        self.provider = SubmittingProvider()
        self.table = MemoryTable(key="job_id")
        self.table.put("j", received_at=NOW - 1_000)
        self.job = JOB
        self.size = 100
        self.settings: Any = ipqs_settings(
            max_upload_bytes=100,
            settle_seconds=SETTLE_SECONDS,
            poll=replace(POLICY, first_seconds=10.0, floor_seconds=10.0, jitter=0.2),
        )

    @property
    def sending(self) -> Sending:
        """Return the try as it is now; jitter cancels out."""
        store = JobStore(self.table.name, dynamodb=self.table.client, keep_days=1)
        source: Any = SimpleNamespace(size=self.size)
        provider: Any = self.provider
        return Sending(
            job=self.job,
            adapter=provider,
            source=source,
            settings=self.settings,
            claim=SubmissionClaim(job=self.job, job_store=store, token="ours", now=NOW),
            now=NOW,
            random=0.5,
        )

    def fail_write(self, number: int) -> None:
        """Let a write to the table fail, the first one having the number 1."""
        writes = iter(range(1, 100))

        def before(operation: str) -> None:
            if operation == "UpdateItem" and next(writes) == number:
                raise AwsUnavailable("no answer")

        self.table.client.before = before


@pytest.fixture
def attempt() -> Try:
    """Return a try that nothing disturbs."""
    return Try()


def test_an_accepted_file_is_recorded_and_waited_for(attempt: Try) -> None:
    """The waits of the submission are over; its counts begin anew."""
    assert attempt.sending.send(RECORD) == SUBMITTED

    source = attempt.provider.calls[0][-1]
    assert attempt.provider.calls == [
        ("validate", "ipqs/email/a.csv", "email", source),
        ("send", "j.csv", "email", source),
    ]
    item = attempt.table.item("j")
    assert (item["intent"], item["intent_at"]) == ("ours", NOW)
    assert (item["provider_ref"], item["submitted_at"]) == ("7", NOW)
    assert (item["rows"], item["distinct_rows"]) == (3, 2)


def test_a_request_of_a_batch_is_validated_under_one_name(attempt: Try) -> None:
    """Its key is that of an object with the bodies of all requests."""
    attempt.job = JOB.with_(part=BatchPosition(batch_id="b"))

    attempt.sending.send(RECORD)

    assert attempt.provider.calls[0][1] == "request.json"


@pytest.mark.parametrize(
    ("error", "fact"),
    [
        pytest.param(RequestInvalid, "a mobile has 10 digits", id="invalid"),
        pytest.param(
            SourceTooLarge, "the file is larger than max_upload_bytes", id="large"
        ),
    ],
)
def test_an_invalid_file_fails_with_what_is_wrong_in_it(
    attempt: Try,
    error: type[PermanentError],
    fact: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The uploader is told the rule, and what to do; 100 bytes were still allowed."""
    if error is SourceTooLarge:
        attempt.size = 101
    else:
        attempt.provider.invalid = error(fact)

    failed = attempt.sending.send(RECORD)

    assert failed == JOB.with_(
        next=Next.CONCLUDE,
        outcome=Outcome.FAILED,
        error=error.__name__,
        advice=f"{fact}. {error.advice}",
    )
    assert "intent" not in attempt.table.item("j")
    (metrics,) = metrics_of(capsys.readouterr().out)
    assert (metrics["StepErrors"], metrics["error"]) == (1, error.__name__)


def test_what_was_prepared_is_not_counted_again(attempt: Try) -> None:
    """Prepare wrote it, each value once; it may be larger than what was uploaded."""
    attempt.job = JOB.with_(prepared=PreparedList(sent=9))
    attempt.size = 101

    submitted = attempt.sending.send(RECORD)

    assert (submitted.rows, submitted.distinct_rows) == (9, 9)
    assert [call for call, *_ in attempt.provider.calls] == ["send"]


def test_a_shard_is_not_counted_again(attempt: Try) -> None:
    """It was cut from a submission file whose values were counted."""
    attempt.job = JOB.with_(part=BatchPosition(batch_id="b", shard=2, rows=9))
    attempt.size = 101

    submitted = attempt.sending.send(RECORD)

    assert (submitted.rows, submitted.distinct_rows) == (9, 9)
    assert [call for call, *_ in attempt.provider.calls] == ["send"]


def test_a_claim_that_may_be_written_is_taken_over_by_the_next_try(
    attempt: Try,
) -> None:
    """Nothing was sent under it, which the job remembers."""
    attempt.fail_write(1)

    on_hold = attempt.sending.send(RECORD)

    # After the third failure in a row the wait is 2 * 2 * 2 seconds.
    assert on_hold == ON_HOLD.with_(
        failures=3, wait_seconds=8, unsent_claims=("older", "ours")
    )
    assert [call for call, *_ in attempt.provider.calls] == ["validate"]


def test_a_refused_file_leaves_no_claim(attempt: Try) -> None:
    """The error decides what becomes of the job; the next try may send at once."""
    attempt.provider.refusal = CredentialsRejected("no")

    with pytest.raises(CredentialsRejected):
        attempt.sending.send(RECORD)

    assert "intent" not in attempt.table.item("j")


def test_a_refused_file_whose_claim_stays_is_held(
    attempt: Try, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next try knows that nothing was accepted; the error is counted here."""
    attempt.provider.refusal = CredentialsRejected("no")
    attempt.fail_write(2)

    on_hold = attempt.sending.send(RECORD)

    assert on_hold.unsent_claims == ("older", "ours")
    assert on_hold.next is Next.HOLD
    (metrics,) = metrics_of(capsys.readouterr().out)
    assert (metrics["StepErrors"], metrics["error"]) == (1, "CredentialsRejected")


def test_a_claim_of_another_try_sends_nothing(attempt: Try) -> None:
    """It may have sent the file already; the list is searched for it."""
    attempt.table.put("j", received_at=NOW - 1_000, intent="theirs", intent_at=NOW - 60)

    on_hold = attempt.sending.send(RECORD)

    assert on_hold == ON_HOLD.with_(failures=0, wait_seconds=60)
    assert [call for call, *_ in attempt.provider.calls] == ["validate", "find"]


@pytest.mark.parametrize("has_list", [True, False])
def test_a_lost_answer_is_searched_for(
    attempt: Try, capsys: pytest.CaptureFixture[str], *, has_list: bool
) -> None:
    """Only a list that may lag is worth waiting for; the loss is counted."""
    attempt.provider.refusal = AnswerLost("no answer")
    attempt.provider.listed = SubmitOutcomeUnknown("too long a list")
    if not has_list:
        attempt.settings = txncheck_settings(max_upload_bytes=100)

    if has_list:
        assert attempt.sending.send(RECORD) == ON_HOLD.with_(
            failures=0, wait_seconds=10
        )
    else:
        with pytest.raises(SubmitOutcomeUnknown):
            attempt.sending.send(RECORD)

    assert attempt.table.item("j")["intent"] == "ours"
    (metrics,) = metrics_of(capsys.readouterr().out)
    assert (metrics["StepErrors"], metrics["error"]) == (1, "AnswerLost")


CLAIMED = replace(RECORD, intent="theirs", intent_at=NOW - SETTLE_SECONDS + 1)
SETTLED = replace(CLAIMED, intent_at=NOW - SETTLE_SECONDS)


def test_a_recorded_reference_needs_no_search(attempt: Try) -> None:
    """It is that of the try that had the claim."""
    record = replace(
        CLAIMED, provider_ref="7", submitted_at=NOW, rows=3, distinct_rows=2
    )

    assert attempt.sending.reconcile(record) == SUBMITTED
    assert attempt.provider.calls == []


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_listed_file_is_adopted(
    attempt: Try, capsys: pytest.CaptureFixture[str], *, is_lost: bool
) -> None:
    """It is paid for: also a source that is gone does not end the job."""
    attempt.provider.listed = "7"
    if is_lost:
        attempt.provider.invalid = SourceMissing("gone")

    adopted = attempt.sending.reconcile(CLAIMED)

    assert adopted == (
        SUBMITTED.with_(rows=0, distinct_rows=0) if is_lost else SUBMITTED
    )
    assert attempt.provider.calls[0] == ("find", "j.csv", "email")
    assert attempt.table.item("j")["provider_ref"] == "7"
    (metrics,) = metrics_of(capsys.readouterr().out)
    assert metrics["SubmissionsAdopted"] == 1


@pytest.mark.parametrize("listed", [None, SubmitOutcomeUnknown("too long a list")])
def test_an_unlisted_file_is_searched_for_until_the_list_has_settled(
    attempt: Try, listed: SubmitOutcomeUnknown | None
) -> None:
    """The last search is at the very end of the time, and not before."""
    attempt.provider.listed = listed

    assert attempt.sending.reconcile(CLAIMED) == ON_HOLD.with_(
        failures=0, wait_seconds=1
    )
    fact = "too long a list" if listed else "the provider's list lacks the file"
    with pytest.raises(SubmitOutcomeUnknown, match=f"^{fact}$"):
        attempt.sending.reconcile(SETTLED)


def test_an_unlisted_file_is_sent_again_if_the_settings_say_so(attempt: Try) -> None:
    """It takes over the claim of the try that was lost."""
    attempt.table.put("j", received_at=NOW - 1_000, intent="theirs", intent_at=1.0)
    attempt.settings = replace(attempt.settings, resubmit_unlisted=True)

    assert attempt.sending.reconcile(SETTLED) == SUBMITTED
    assert attempt.table.item("j")["intent"] == "ours"


def test_a_search_that_failed_is_repeated_until_the_deadline(
    attempt: Try, capsys: pytest.CaptureFixture[str]
) -> None:
    """The job then ends as one whose submission is unknown: it may be paid for."""
    attempt.provider.listed = ProviderThrottled("429", hint=77.0)

    on_hold = attempt.sending.reconcile(CLAIMED)
    (metrics,) = metrics_of(capsys.readouterr().out)
    late = replace(CLAIMED, received_at=NOW - POLICY.deadline_seconds)
    ended = attempt.sending.reconcile(late)

    assert on_hold == ON_HOLD.with_(failures=3, wait_seconds=77)
    assert metrics["error"] == "ProviderThrottled"
    assert (ended.outcome, ended.error) == (
        Outcome.FAILED,
        SubmitOutcomeUnknown.__name__,
    )


def test_a_failed_call_is_repeated_until_the_deadline(
    attempt: Try, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was sent, so that the job only came too late."""
    error = ProviderThrottled("429", hint=77.0)
    late = replace(RECORD, received_at=NOW - POLICY.deadline_seconds)

    on_hold = attempt.sending.hold_after(error, RECORD)
    (metrics,) = metrics_of(capsys.readouterr().out)
    ended = attempt.sending.hold_after(error, late)

    assert on_hold == ON_HOLD.with_(failures=3, wait_seconds=77)
    assert metrics["error"] == "ProviderThrottled"
    assert (ended.outcome, ended.error) == (
        Outcome.TIMED_OUT,
        DeadlinePassed.__name__,
    )


def test_jitter_spreads_the_waits(attempt: Try) -> None:
    """Jobs that came together must not ask together for ever."""
    first = replace(attempt.sending, random=0.0)

    assert first.send(RECORD).wait_seconds == 8
    held = first.hold_after(ProviderThrottled("429"), RECORD)
    assert held.wait_seconds == round(8 * 0.8)


def test_a_reference_that_was_not_recorded_is_carried_on(
    attempt: Try, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is known only here; the failure of the table is counted."""
    attempt.fail_write(2)

    assert attempt.sending.send(RECORD) == SUBMITTED

    assert "provider_ref" not in attempt.table.item("j")
    (metrics,) = metrics_of(capsys.readouterr().out)
    assert (metrics["StepErrors"], metrics["error"]) == (1, "AwsUnavailable")


@pytest.mark.parametrize("fails", [False, True])
def test_a_release_says_whether_the_claim_is_gone(attempt: Try, *, fails: bool) -> None:
    """Only then does the error of the call decide about the job."""
    attempt.fail_write(1 if fails else 0)

    assert attempt.sending.claim.release() is (not fails)
