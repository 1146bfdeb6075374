"""Job store: what each write leaves in the jobs table, and when it writes nothing."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from functions.aws.job_store import JobStore
from functions.core.errors import JobEnded, SubmitOutcomeUnknown, advice_for
from functions.core.job_record import End, JobRecord, SubmissionRecord
from functions.core.model import (
    Batch,
    BatchPosition,
    File,
    Forecast,
    Job,
    Outcome,
    Phase,
    PreparedList,
    WaitReason,
)
from functions.core.rows import RowCount, RowsVerdict
from tests.unit.memory_client import MemoryTable

NOW = 1_700_000_000.5
LATER = NOW + 60
MONTH = "2023-11"
KEEP_DAYS = 90
JOB = Job(
    job_id="j",
    provider="ipqs",
    type="email",
    bucket="inbox",
    key="ipqs/email/a.csv",
    version_id="v",
)
IDENTITY: dict[str, Any] = {
    "provider": "ipqs",
    "type": "email",
    "bucket": "inbox",
    "key": "ipqs/email/a.csv",
    "version_id": "v",
}
REQUEST = JOB.with_(job_id="r", part=BatchPosition(batch_id="b"))
COUNT = RowCount(rows=3, distinct_rows=2)
SUBMITTED: dict[str, Any] = {
    "provider_ref": "7",
    "submitted_at": NOW - 1,
    "rows": 3,
    "distinct_rows": 2,
}


def expires(now: float) -> int:
    """Return when an item that is written now is deleted."""
    return int(now + KEEP_DAYS * 86_400)


@pytest.fixture
def table() -> MemoryTable:
    """Return an empty jobs table."""
    return MemoryTable(key="job_id")


@pytest.fixture
def store(table: MemoryTable) -> JobStore:
    """Return a store in the table."""
    return JobStore(table.name, dynamodb=table.client, keep_days=KEEP_DAYS)


def test_a_new_job_is_written_with_its_month(
    store: JobStore, table: MemoryTable
) -> None:
    """The list of jobs finds it by the month; the time it came is written once."""
    assert store.create(JOB, now=NOW) == SubmissionRecord(received_at=NOW)
    assert store.create(JOB, now=LATER) == SubmissionRecord(received_at=NOW)

    assert table.item("j") == {
        **IDENTITY,
        "received_at": NOW,
        "month": MONTH,
        "expires_at": expires(LATER),
    }


def test_a_request_is_written_without_a_month(
    store: JobStore, table: MemoryTable
) -> None:
    """The list of jobs has its batch, and not thousands of requests."""
    table.put("b", provider="ipqs")

    store.create(REQUEST, now=NOW)

    assert table.item("r") == {
        **IDENTITY,
        "batch_id": "b",
        "received_at": NOW,
        "expires_at": expires(NOW),
    }


@pytest.mark.parametrize(
    "ended",
    [
        pytest.param({"outcome": "failed"}, id="ended"),
        pytest.param({"attempt": 2}, id="another attempt"),
        pytest.param({"attempt": 2, "intent": "x", "provider_ref": "7"}, id="paid"),
    ],
)
def test_an_ended_job_is_not_created_again(
    store: JobStore, table: MemoryTable, ended: dict[str, Any]
) -> None:
    """Nothing may be paid for it any more."""
    table.put("j", **ended)

    with pytest.raises(JobEnded, match=r"^the job has ended, so nothing is sent$"):
        store.create(JOB, now=NOW)

    assert table.item("j") == ended


def test_an_ended_job_with_an_unknown_submission_is_looked_for(
    store: JobStore, table: MemoryTable
) -> None:
    """A claim without a reference may be paid for."""
    table.put("j", outcome="failed", intent="x", intent_at=5.0)

    assert store.create(JOB, now=NOW) == SubmissionRecord(
        received_at=0.0, intent="x", intent_at=5.0, outcome="failed"
    )


def test_no_request_of_an_ended_batch_is_written(
    store: JobStore, table: MemoryTable
) -> None:
    """Its batch has a result by now, which would lack it."""
    table.put("b", outcome="aborted")

    with pytest.raises(JobEnded):
        store.create(REQUEST, now=NOW)

    assert table.item("r") == {}


def test_the_end_of_a_part_is_that_of_its_batch(
    store: JobStore, table: MemoryTable
) -> None:
    """Neither may go on; a job that is no request has no batch to look at."""
    store.create(JOB, now=NOW)
    store.create(REQUEST, now=NOW)
    store.require_running(JOB)
    store.require_running(REQUEST)
    assert table.client.calls.count("GetItem") == 1 + 1 + 2

    table.put("b", outcome="failed")
    with pytest.raises(JobEnded):
        store.require_running(REQUEST)
    table.put("j", outcome="failed")
    with pytest.raises(JobEnded):
        store.require_running(JOB)


def test_a_claim_is_written_with_its_time(store: JobStore, table: MemoryTable) -> None:
    """A search for what it sent begins at that time."""
    record = store.claim_submission(JOB, token="ours", now=NOW)

    assert record == SubmissionRecord(received_at=NOW, intent="ours", intent_at=NOW)
    assert table.item("j") == {
        **IDENTITY,
        "received_at": NOW,
        "month": MONTH,
        "expires_at": expires(NOW),
        "intent": "ours",
        "intent_at": NOW,
    }


def test_a_claim_can_be_repeated(store: JobStore, table: MemoryTable) -> None:
    """The answer of the first call may have been lost."""
    store.claim_submission(JOB, token="ours", now=NOW)

    assert store.claim_submission(JOB, token="ours", now=LATER).intent == "ours"
    assert table.item("j")["intent_at"] == LATER


def test_another_claim_stands(store: JobStore, table: MemoryTable) -> None:
    """Only a try that names it may replace it."""
    store.claim_submission(JOB, token="theirs", now=NOW)
    before = table.item("j")

    assert store.claim_submission(JOB, token="ours", now=LATER).intent == "theirs"
    other = store.claim_submission(JOB, token="ours", old="older", now=LATER)
    assert other.intent == "theirs"
    assert table.item("j") == before

    replaced = store.claim_submission(JOB, token="ours", old="theirs", now=LATER)
    assert replaced.intent == "ours"


@pytest.mark.parametrize(("unsent", "may_be_paid"), [((), True), (("theirs",), False)])
def test_a_claim_that_was_replaced_is_not_forgotten(
    store: JobStore, *, unsent: tuple[str, ...], may_be_paid: bool
) -> None:
    """It may be paid for, also once the claim that replaced it is released."""
    store.claim_submission(JOB, token="theirs", now=NOW)
    job = JOB.with_(unsent_claims=unsent)

    store.claim_submission(job, token="ours", old="theirs", now=LATER)
    store.release_claim(job, token="ours")

    record = store.record(job)
    assert (record.intent, record.resent) == ("", may_be_paid)


def test_a_submitted_job_is_not_claimed(store: JobStore, table: MemoryTable) -> None:
    """Not even by the try that submitted it: it would be paid for twice."""
    stored = {"intent": "ours", **SUBMITTED}
    table.put("j", **stored)

    record = store.claim_submission(JOB, token="ours", now=NOW)

    assert record.provider_ref == "7"
    assert table.item("j") == stored


def test_no_claim_follows_the_end(store: JobStore, table: MemoryTable) -> None:
    """An earlier claim that is unknown is returned; one that is known is not."""
    stored = {"outcome": "failed", "intent": "theirs"}
    table.put("j", **stored)

    unknown = store.claim_submission(JOB, token="ours", old="older", now=NOW)
    assert unknown.intent == "theirs"
    with pytest.raises(JobEnded):
        store.claim_submission(JOB, token="ours", old="theirs", now=NOW)
    assert table.item("j") == stored

    table.put("j", outcome="failed")
    with pytest.raises(JobEnded):
        store.claim_submission(JOB, token="ours", old="theirs", now=NOW)


def test_a_claim_ends_with_its_batch(store: JobStore, table: MemoryTable) -> None:
    """The batch may end between the first look at it and the claim."""
    store.create(REQUEST, now=NOW)
    table.put("b", outcome="failed")

    with pytest.raises(JobEnded):
        store.claim_submission(REQUEST, token="ours", now=NOW)

    assert {"intent", "intent_at"}.isdisjoint(table.item("r"))


def test_a_claim_of_another_needs_no_look_at_the_batch(
    store: JobStore, table: MemoryTable
) -> None:
    """It is not ours to release."""
    store.create(REQUEST, now=NOW)
    store.claim_submission(REQUEST, token="theirs", now=NOW)
    table.put("b", outcome="failed")

    record = store.claim_submission(REQUEST, token="ours", now=NOW)

    assert record.intent == table.item("r")["intent"] == "theirs"


def test_a_release_removes_our_claim_alone(store: JobStore, table: MemoryTable) -> None:
    """Another try may have claimed since, or an answer may have come."""
    unchanged: list[dict[str, Any]] = [
        {"intent": "theirs", "intent_at": 5.0},
        {"intent": "ours", "intent_at": 5.0, "provider_ref": "7"},
    ]
    for stored in unchanged:
        table.put("j", **stored)
        store.release_claim(JOB, token="ours")
        assert table.item("j") == stored

    table.put("j", intent="ours", intent_at=5.0, received_at=1.0)
    store.release_claim(JOB, token="ours")
    assert table.item("j") == {"received_at": 1.0}


def test_the_first_reference_stands(store: JobStore, table: MemoryTable) -> None:
    """With it goes what was counted, and a hold that is over; both are paid for."""
    table.put("j", held_for="OutOfCredits", held_since=4.0)

    first = store.record_submission(JOB, provider_ref="7", count=COUNT, now=NOW)
    second = store.record_submission(JOB, provider_ref="8", count=RowCount(), now=LATER)

    expected: dict[str, Any] = {
        "received_at": NOW,
        "provider_ref": "7",
        "submitted_at": NOW,
        "rows": 3,
        "distinct_rows": 2,
    }
    assert first == second == SubmissionRecord(**expected)
    assert table.item("j") == {**expected, "month": MONTH}


def test_what_was_prepared_is_kept_for_later_attempts(
    store: JobStore, table: MemoryTable
) -> None:
    """Unless the attempt has ended, another one has begun, or it may be sent."""
    job = JOB.with_(
        prepared=PreparedList(key="submission.csv", records_version_id="r", sent=2)
    )
    unchanged: list[dict[str, Any]] = [
        *({"outcome": "failed"}, {"attempt": 2}),
        {"intent": "token", "prepared": "{}"},
    ]
    for stored in unchanged:
        table.put("j", **stored)
        store.record_prepared(job, quote={"name": "é"})
        assert table.item("j") == stored

    table.put("j", received_at=1.0)
    store.record_prepared(job, quote={"name": "é"})

    item = table.item("j")
    assert item.keys() == {"received_at", "prepared", "quote"}
    assert json.loads(str(item["prepared"])) == asdict(job.prepared)
    assert item["quote"] == '{"name": "é"}'


@pytest.mark.parametrize("job", [JOB, REQUEST], ids=["job", "request"])
def test_a_hold_is_that_of_the_job_or_its_batch(
    store: JobStore, table: MemoryTable, job: Job
) -> None:
    """It begins once, and is removed when it is over."""
    stored = "b" if job.is_batch_request else "j"
    on_hold = job.with_(held_for="OutOfCredits", held_since=5.0)
    store.record_hold(on_hold)
    assert table.item(stored) == {}  # there is no such job

    table.put(stored, received_at=1.0)
    store.clear_hold(job)
    store.record_hold(on_hold)
    store.record_hold(on_hold.with_(held_since=6.0))
    held = {"received_at": 1.0, "held_for": "OutOfCredits", "held_since": 5.0}
    assert table.item(stored) == held

    store.clear_hold(job)
    assert table.item(stored) == {"received_at": 1.0}

    table.put(stored, outcome="failed")
    store.record_hold(on_hold)
    assert table.item(stored) == {"outcome": "failed"}


def test_a_hold_of_the_last_second_is_cleared(
    store: JobStore, table: MemoryTable
) -> None:
    """Any time but 0, which means "not held", is one."""
    table.put("j", held_for="OutOfCredits", held_since=0.5)
    store.clear_hold(JOB)
    assert table.item("j") == {}

    table.put("j", held_for="", held_since=0)
    store.clear_hold(JOB)
    assert table.item("j") == {"held_for": "", "held_since": 0}


CHECKED = JOB.with_(phase=Phase.RUNNING, polls=4, failures=1)
PROGRESS: dict[str, Any] = {
    "phase": "running",
    "polls": 4,
    "failures": 1,
    "next_check_at": LATER,
}


def test_a_check_is_recorded(store: JobStore, table: MemoryTable) -> None:
    """A hold that is over is removed with it."""
    table.put("j", held_for="OutOfCredits", held_since=5.0, polls=3)

    store.record_progress(CHECKED, next_check_at=LATER)

    assert table.item("j") == PROGRESS


def test_a_check_brings_what_was_not_recorded(
    store: JobStore, table: MemoryTable
) -> None:
    """The reference that Submit could not record, and the hold that began."""
    hold = {"held_for": "OutOfCredits", "held_since": 5.0}
    known = {**SUBMITTED, **hold, "webhook_status": "FAILED"}

    store.record_progress(CHECKED.with_(**known), next_check_at=LATER)

    assert table.item("j") == {**PROGRESS, **known}


def test_a_check_records_the_forecast(store: JobStore, table: MemoryTable) -> None:
    """The API says when the end is expected, and why the next check is then."""
    told = Forecast(seconds=60, low=50, high=70, jobs=9)
    checked = CHECKED.with_(forecast=told, wait_reason=WaitReason.EXPECTED)

    store.record_progress(checked, next_check_at=LATER)

    record = JobRecord.from_item({"job_id": "j", **table.item("j")})
    assert Forecast.from_state(json.loads(record.forecast)) == told
    assert record.next_check_reason == "expected"


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param({"polls": 4}, id="repeated"),
        pytest.param({"polls": 5}, id="later check"),
        pytest.param({"outcome": "failed"}, id="ended"),
        pytest.param({"attempt": 2}, id="another attempt"),
    ],
)
def test_an_old_check_changes_nothing(
    store: JobStore, table: MemoryTable, stored: dict[str, Any]
) -> None:
    """A retried function may run after the next one."""
    table.put("j", **stored)

    store.record_progress(CHECKED, next_check_at=LATER)

    assert table.item("j") == stored


ENDED = JOB.with_(
    outcome=Outcome.PARTIAL,
    phase=Phase.FINISHED,
    polls=6,
    error="ResultsIncomplete",
    advice="look",
    manifest_key="m",
    error_key="e",
    verdict=RowsVerdict.UNACCOUNTED,
    files=(File(kind="clean", bytes=10), File(kind="all", bytes=20)),
    invalid=2,
    finished_at=NOW - 2,
)
OUTCOME: dict[str, Any] = {
    "outcome": "partial",
    "phase": "finished",
    "polls": 6,
    "error": "ResultsIncomplete",
    "advice": "look",
    "manifest_key": "m",
    "error_key": "e",
    "verdict": str(RowsVerdict.UNACCOUNTED),
    "bytes": 30,
    "invalid": 2,
    "finished_at": NOW - 2,
    "ended_at": NOW,
    "expires_at": expires(NOW),
}


def test_the_first_end_stands(store: JobStore, table: MemoryTable) -> None:
    """It is announced, and read by clients, so that a later one must not change it."""
    end = store.record_outcome(ENDED.with_(**SUBMITTED), now=NOW)
    assert table.client.calls == ["UpdateItem"]  # with the reference
    again = store.record_outcome(
        ENDED.with_(outcome=Outcome.FAILED, error="ProviderFailed"), now=LATER
    )

    assert table.item("j") == {**OUTCOME, **SUBMITTED}
    assert end == again
    assert end == End(
        outcome=Outcome.PARTIAL,
        error="ResultsIncomplete",
        advice="look",
        manifest_key="m",
        error_key="e",
        verdict=RowsVerdict.UNACCOUNTED,
    )


def test_an_end_that_stands_takes_a_reference_that_only_the_state_has(
    store: JobStore, table: MemoryTable
) -> None:
    """It is paid for, and a retry needs it."""
    table.put("j", outcome="cancelled")

    end = store.record_outcome(ENDED.with_(**SUBMITTED), now=NOW)
    assert end.outcome is Outcome.CANCELLED
    assert table.item("j") == {"outcome": "cancelled", **SUBMITTED}

    table.client.calls.clear()
    store.record_outcome(ENDED.with_(**SUBMITTED), now=NOW)
    assert table.client.calls == ["UpdateItem", "GetItem"]


@pytest.mark.parametrize(
    ("recorded", "execution", "takes"),
    [
        ("this", "this", True),
        ("", "this", True),
        ("other", "", True),
        ("other", "this", False),
    ],
)
def test_a_reference_of_another_execution_is_not_taken(
    store: JobStore, table: MemoryTable, recorded: str, execution: str, *, takes: bool
) -> None:
    """Its attempt may be about another submission."""
    stored = {"outcome": "failed", "execution": recorded}
    table.put("j", **stored)

    store.record_external_outcome(
        JOB.with_(**SUBMITTED), Outcome.CANCELLED, execution=execution, now=NOW
    )

    assert table.item("j") == stored | (SUBMITTED if takes else {})


def test_a_reference_of_the_state_is_recorded_once(
    store: JobStore, table: MemoryTable
) -> None:
    """The first one stands, and a job that does not exist gets none."""
    submitted = JOB.with_(**SUBMITTED)
    store.record_reference(submitted)
    assert table.item("j") == {}

    table.put("j", received_at=1.0)
    store.record_reference(submitted)
    store.record_reference(submitted.with_(provider_ref="8"))
    assert table.item("j") == {"received_at": 1.0, **SUBMITTED}

    table.client.calls.clear()
    store.record_reference(JOB)
    assert table.client.calls == []


def test_the_end_of_a_batch_has_its_rows(store: JobStore, table: MemoryTable) -> None:
    """They are known only then: its requests were submitted, not the batch."""
    batch = Batch(requests=1, resendable=2, resumable=3)

    store.record_outcome(ENDED.with_(batch=batch, rows=9), now=NOW)

    assert table.item("j") == {**OUTCOME, "rows": 9, "resendable": 2, "resumable": 3}


def test_a_time_out_is_looked_at_again(store: JobStore, table: MemoryTable) -> None:
    """From its end on; the first time-out stays known over all later attempts."""
    timed_out = ENDED.with_(outcome=Outcome.TIMED_OUT)
    table.put("j", timed_out_at=5.0)
    late = {"outcome": "timed_out", "late_check_at": NOW}

    store.record_outcome(timed_out.with_(**SUBMITTED), now=NOW)
    assert table.item("j") == {**OUTCOME, **SUBMITTED, **late, "timed_out_at": 5.0}

    store.record_outcome(timed_out.with_(job_id="k"), now=NOW)
    assert table.item("k") == {**OUTCOME, **late, "timed_out_at": NOW}


@pytest.mark.parametrize("error", ["", SubmitOutcomeUnknown.__name__])
def test_an_external_end_keeps_what_was_recorded(
    store: JobStore, table: MemoryTable, error: str
) -> None:
    """A stopped execution says nothing of the checks that its steps recorded."""
    table.put("j", **PROGRESS)

    end = store.record_external_outcome(JOB, Outcome.FAILED, error=error, now=NOW)

    assert table.item("j") == {
        **IDENTITY,
        **PROGRESS,
        "received_at": NOW,
        "month": MONTH,
        "expires_at": expires(NOW),
        "outcome": "failed",
        "error": error,
        "advice": advice_for(error) if error else "",
        "ended_at": NOW,
    }
    assert (end.outcome, end.error) == (Outcome.FAILED, error)


def test_a_time_out_of_the_execution_is_looked_at_again(
    store: JobStore, table: MemoryTable
) -> None:
    """Also of a job of which nothing was recorded before."""
    store.record_external_outcome(JOB, Outcome.TIMED_OUT, now=NOW)

    assert table.item("j") == {
        **IDENTITY,
        "received_at": NOW,
        "month": MONTH,
        "expires_at": expires(NOW),
        "outcome": "timed_out",
        "error": "",
        "advice": "",
        "ended_at": NOW,
        "late_check_at": NOW,
        "timed_out_at": NOW,
    }


def test_an_execution_ends_its_own_attempt_alone(
    store: JobStore, table: MemoryTable
) -> None:
    """An event about it may come when another execution follows the attempt."""
    table.put("j", execution="other")

    end = store.record_external_outcome(JOB, Outcome.FAILED, execution="this", now=NOW)
    assert end.outcome is Outcome.NONE
    assert table.item("j") == {"execution": "other"}

    for execution in ("other", ""):
        table.put("j", execution="other")
        store.record_external_outcome(JOB, Outcome.FAILED, execution=execution, now=NOW)
        assert table.item("j")["outcome"] == "failed"


def test_an_end_is_announced_once(store: JobStore, table: MemoryTable) -> None:
    """A repeated call for an earlier attempt does not take it back."""
    for attempt in (2, 1):
        store.mark_notified(JOB.with_(attempt=attempt))
        assert table.item("j") == {"told": 2}
    store.mark_notified(JOB.with_(attempt=3))
    assert table.item("j") == {"told": 3}


def test_a_requested_job_is_written_once(store: JobStore, table: MemoryTable) -> None:
    """A repeated request is answered with the job of the first one."""
    first = store.create_requested(JOB, request_hash="h", now=NOW)
    again = store.create_requested(JOB, request_hash="other", now=LATER)

    assert first == again
    assert (first.job_id, first.request_hash) == ("j", "h")
    assert table.item("j") == {
        **IDENTITY,
        "request_hash": "h",
        "received_at": NOW,
        "month": MONTH,
        "expires_at": expires(NOW),
    }


def test_the_first_remarks_of_a_job_are_kept(
    store: JobStore, table: MemoryTable
) -> None:
    """Also where its upload wrote the job first; without any, nothing is written."""
    table.put("j", received_at=1.0)

    for remarks in ({"name": "first"}, {"name": "second", "label": "later"}):
        store.create_requested(JOB, request_hash="h", remarks=remarks, now=NOW)
    stored = {"received_at": 1.0, "name": "first", "label": "later"}
    assert table.item("j") == stored

    table.client.calls.clear()
    store.create_requested(JOB, request_hash="h", now=NOW)
    assert table.client.calls == ["UpdateItem", "GetItem"]

    new = JOB.with_(job_id="k")
    store.create_requested(new, request_hash="h", remarks={"name": "n"}, now=NOW)
    assert table.item("k")["name"] == "n"
    assert table.client.calls[2:] == ["UpdateItem"]


def test_the_options_of_a_job_are_those_of_its_first_record(
    store: JobStore, table: MemoryTable
) -> None:
    """It runs by them: a later request cannot change what has begun."""
    for options in ({"column": "mail"}, {"column": "other", "header": "no"}):
        store.create_requested(
            JOB, request_hash="h", remarks={"name": "n"}, options=options, now=NOW
        )

    item = table.item("j")
    assert (item["column"], "header" in item) == ("mail", False)


def test_what_is_being_erased_is_neither_named_nor_started(
    store: JobStore, table: MemoryTable
) -> None:
    """Its name would stay, and its results would come again."""
    stored: dict[str, Any] = {"outcome": "failed", "erase_began_at": NOW}
    table.put("j", **stored)
    record = store.get("j")
    assert record is not None

    store.create_requested(JOB, request_hash="h", remarks={"name": "n"}, now=NOW)

    assert store.restart(record, now=NOW) is None
    assert table.item("j") == stored


@pytest.mark.parametrize(
    ("phase", "phase_after"), [("quoted", "queued"), ("finished", "finished")]
)
def test_a_quote_does_not_outlive_its_attempt(
    store: JobStore, table: MemoryTable, phase: str, phase_after: str
) -> None:
    """The next one prepares the list anew; what is known of a submission stays."""
    table.put("j", **IDENTITY, outcome="failed", phase=phase, approve_until=NOW)
    record = store.get("j")
    assert record is not None

    restarted = store.restart(record, now=LATER)

    assert restarted is not None
    assert restarted.phase == phase_after
    assert "approve_until" not in table.item("j")


def test_the_time_that_a_batch_takes_to_send_is_recorded_while_it_runs(
    store: JobStore, table: MemoryTable
) -> None:
    """Its deadline is later by it; an attempt that has ended has none."""
    job = JOB.with_(batch=Batch(sending_seconds=70.0))
    table.put("j", received_at=1.0)
    store.record_batch(job)
    assert table.item("j") == {"received_at": 1.0, "sending_seconds": 70.0}

    unchanged: list[dict[str, Any]] = [{"outcome": "failed"}, {"attempt": 2}]
    for stored in unchanged:
        table.put("j", **stored)
        store.record_batch(job)
        assert table.item("j") == stored


def test_a_claim_keeps_what_is_sent_under_it(
    store: JobStore, table: MemoryTable
) -> None:
    """A later attempt that finds the claim joins the rows of that file."""
    job = JOB.with_(
        prepared=PreparedList(key="submission.csv", records_version_id="r", sent=2)
    )

    store.claim_submission(job, token="token", now=NOW)

    assert json.loads(str(table.item("j")["prepared"])) == asdict(job.prepared)


def test_a_requested_job_of_another_client_was_submitted(
    store: JobStore, table: MemoryTable
) -> None:
    """It has no object; its deadline counts from the request."""
    job = Job(job_id="j", provider="ipqs", type="email", provider_ref="7")

    store.create_requested(job, request_hash="h", now=NOW)

    assert table.item("j") == {
        "provider": "ipqs",
        "type": "email",
        "request_hash": "h",
        "received_at": NOW,
        "month": MONTH,
        "expires_at": expires(NOW),
        "provider_ref": "7",
        "submitted_at": NOW,
    }


ATTEMPT: dict[str, Any] = {
    **OUTCOME,
    "outcome": "timed_out",
    "execution": "j",
    "failures": 1,
    "next_check_at": 1.0,
    "next_check_reason": "elapsed",
    "forecast": "{}",
    "approve_until": 1.0,
    "held_for": "OutOfCredits",
    "held_since": 1.0,
    "late": 1,
    "timed_out_at": 5.0,
    "late_check_at": 6.0,
}
#: What of an attempt describes its submission, or the job.
KEPT = {"phase": "finished", "bytes": 30, "invalid": 2, **SUBMITTED, "received_at": 1.0}


@pytest.mark.parametrize("late", [False, True])
def test_a_retry_starts_without_the_facts_of_the_attempt_before(
    store: JobStore, table: MemoryTable, *, late: bool
) -> None:
    """The old end is kept in `earlier`; what was submitted stays submitted."""
    table.put("j", **IDENTITY, **ATTEMPT, **SUBMITTED, received_at=1.0)
    record = store.get("j")
    assert record is not None

    # Who does not say it is no sweep.
    restarted = (
        store.restart(record, now=LATER, late=True)
        if late
        else store.restart(record, now=LATER)
    )

    assert restarted is not None
    assert (restarted.attempt, restarted.resumed_at) == (2, LATER)
    swept = {"late": 1, "timed_out_at": 5.0, "late_check_at": LATER}
    assert table.item("j") == {
        **IDENTITY,
        **KEPT,
        "attempt": 2,
        "resumed_at": LATER,
        "expires_at": expires(LATER),
        "earlier": record.attempts_json(),
        **(swept if late else {}),
    }


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param({"attempt": 2}, id="restarted"),
        pytest.param({"attempt": 2, "outcome": "failed"}, id="ended again"),
        pytest.param({"attempt": 1, "outcome": "partial"}, id="another end"),
    ],
)
def test_only_the_first_of_two_retries_starts(
    store: JobStore, table: MemoryTable, stored: dict[str, Any]
) -> None:
    """Each would start an execution, which may pay."""
    table.put("j", outcome="failed")
    record = store.get("j")
    assert record is not None
    table.put("j", **stored)

    assert store.restart(record, now=NOW) is None
    assert table.item("j") == stored


def test_a_request_of_a_batch_is_no_job(store: JobStore, table: MemoryTable) -> None:
    """Nobody could do anything with it by itself."""
    table.put("j", **IDENTITY)
    table.put("r", **IDENTITY, batch_id="b")

    assert store.get("j") == JobRecord(job_id="j", **IDENTITY)
    assert store.get("r") is None
    assert store.record(REQUEST).batch_id == "b"
    assert store.get("none") is None
