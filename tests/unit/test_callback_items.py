"""Callback items: what a wait and a webhook leave for each other, in any order."""

from typing import Any

import pytest

from functions.aws.callbacks import CallbackStore, WebhookOutcome, WebhookReceipt
from functions.core import identity
from functions.core.errors import AwsRefused, AwsUnavailable
from functions.core.keys import CALLBACK_ITEM_PREFIX
from functions.core.model import Job
from tests.unit.memory_client import MemoryTable
from tests.world.memory_aws.hook import client_error

NOW = 1_700_000_000.5
LATER = NOW + 60
JOB = Job(job_id="j", provider="p", type="t", provider_ref="7")
KEY = f"{CALLBACK_ITEM_PREFIX}{identity.of_reference('p', '7')}"
DONE, PARTIAL = "request.completed", "request.partial"


class Waits:
    """Step Functions: `ended` are the waits that were ended, with their output.

    `over` has the error code with which it answers for the token of another wait.
    """

    def __init__(self) -> None:
        self.ended: list[tuple[str, str]] = []
        self.over: dict[str, str] = {}

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803 - AWS' name
        """End a wait."""
        if code := self.over.get(taskToken):
            raise client_error(code, 400, "SendTaskSuccess")
        self.ended.append((taskToken, output))


def expires(now: float) -> int:
    """Return when an item that is written now is deleted: after a week."""
    return int(now + 7 * 24 * 3_600)


@pytest.fixture
def table() -> MemoryTable:
    """Return an empty table of waits."""
    return MemoryTable(key="wait_id")


@pytest.fixture
def waits() -> Waits:
    """Return Step Functions, in which every token is that of a wait."""
    return Waits()


@pytest.fixture
def store(table: MemoryTable, waits: Waits) -> CallbackStore:
    """Return a store in the table."""
    executions: Any = waits
    return CallbackStore(table.name, dynamodb=table.client, step_functions=executions)


def test_a_wait_is_registered(
    store: CallbackStore, table: MemoryTable, waits: Waits
) -> None:
    """The webhook finds the token, and the job for its log line."""
    assert store.register_token(JOB, "token", now=NOW) == 0.0

    assert waits.ended == []
    assert table.item(KEY) == {
        "token": "token",
        "job_id": "j",
        "wait_reason": "",
        "expires_at": expires(NOW),
    }


@pytest.mark.parametrize(
    ("job", "is_woken"),
    [
        pytest.param(JOB.with_(wait_reason="elapsed"), True, id="the same"),
        pytest.param(JOB.with_(wait_reason="asked"), False, id="another reason"),
        pytest.param(JOB.with_(job_id="other"), False, id="another job"),
    ],
)
def test_a_person_ends_only_a_wait_that_may_be_ended(
    store: CallbackStore, waits: Waits, job: Job, *, is_woken: bool
) -> None:
    """The job may have begun another wait since a person has seen why it waits."""
    seen = JOB.with_(wait_reason="elapsed")
    store.register_token(seen, "old", now=NOW)
    waits.over["old"] = "TaskTimedOut"
    assert not store.wake(seen, reasons=["elapsed"])

    store.register_token(job, "new", now=LATER)

    assert store.wake(seen, reasons=["elapsed"]) is is_woken
    assert waits.ended == ([("new", "-1.0")] if is_woken else [])


def test_a_wait_that_a_webhook_has_ended_is_not_ended_by_a_person(
    store: CallbackStore, waits: Waits
) -> None:
    """Its token is gone, and there is nothing to send."""
    store.register_token(JOB, "token", now=NOW)
    store.deliver("p", "7", DONE, now=LATER)

    assert not store.wake(JOB, reasons=[""])
    assert [token for token, _ in waits.ended] == ["token"]


def test_a_wait_of_an_earlier_release_goes_on(
    store: CallbackStore, table: MemoryTable, waits: Waits
) -> None:
    """Why it waits is not known; the provider is asked for an answer instead."""
    table.put(KEY, token="token", job_id="j")

    assert not store.wake(JOB, reasons=[""])
    assert waits.ended == []


def test_a_webhook_that_came_before_ends_the_wait_at_once(
    store: CallbackStore, table: MemoryTable, waits: Waits
) -> None:
    """It is told when it came; the next wait is not ended by it."""
    early = store.deliver("p", "7", DONE, now=NOW)
    assert early == WebhookReceipt(outcome=WebhookOutcome.EARLY, job_id="")
    kept = {"events": DONE, "expires_at": expires(NOW)}
    assert table.item(KEY) == {**kept, "called_at": NOW}

    assert store.register_token(JOB, "token", now=LATER) == NOW

    assert waits.ended == [("token", "1700000000.5")]
    assert table.item(KEY) == {**kept, "job_id": "j"}


def test_a_webhook_that_another_wait_took_is_not_taken_again(
    store: CallbackStore, table: MemoryTable, waits: Waits
) -> None:
    """Its item may change while it is read: the wait ends then, to look itself."""
    table.put(KEY, called_at=NOW)

    def before(operation: str) -> None:
        if operation == "GetItem":
            table.put(KEY, events=DONE)

    table.client.before = before

    assert store.register_token(JOB, "token", now=LATER) == LATER
    assert waits.ended == [("token", "1700000060.5")]
    assert table.item(KEY) == {"events": DONE}


def test_a_webhook_ends_the_wait(
    store: CallbackStore, table: MemoryTable, waits: Waits
) -> None:
    """Once: the token is used up, and the event is known from now on."""
    store.register_token(JOB, "token", now=NOW)

    woke = store.deliver("p", "7", DONE, now=LATER)
    again = store.deliver("p", "7", DONE, now=LATER)

    assert woke == WebhookReceipt(outcome=WebhookOutcome.WOKE, job_id="j")
    assert again == WebhookReceipt(outcome=WebhookOutcome.DUPLICATE, job_id="j")
    assert waits.ended == [("token", "1700000060.5")]
    assert table.item(KEY) == {
        "events": DONE,
        "job_id": "j",
        "wait_reason": "",
        "expires_at": expires(LATER),
    }


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_webhook_after_the_wait_is_kept_for_the_next_one(
    store: CallbackStore, table: MemoryTable, waits: Waits, code: str
) -> None:
    """Every code by which Step Functions says that a wait is over."""
    store.register_token(JOB, "token", now=NOW)
    waits.over["token"] = code

    late = store.deliver("p", "7", DONE, now=LATER)

    assert late == WebhookReceipt(outcome=WebhookOutcome.LATE, job_id="j")
    assert table.item(KEY) == {
        "events": DONE,
        "job_id": "j",
        "wait_reason": "",
        "called_at": LATER,
        "expires_at": expires(LATER),
    }


def test_a_wait_that_cannot_be_ended_is_an_error(
    store: CallbackStore, table: MemoryTable, waits: Waits
) -> None:
    """The provider sends the webhook again, to the item as it was."""
    store.register_token(JOB, "token", now=NOW)
    before = table.item(KEY)
    waits.over["token"] = "AccessDeniedException"

    with pytest.raises(AwsRefused, match=r"^may not end a wait: "):
        store.deliver("p", "7", DONE, now=LATER)

    assert table.item(KEY) == before


def test_each_event_counts_once(store: CallbackStore, table: MemoryTable) -> None:
    """A request has two: the second one must not pass for a repetition."""
    store.deliver("p", "7", PARTIAL, now=NOW)
    assert store.deliver("p", "7", DONE, now=LATER).outcome is WebhookOutcome.EARLY
    assert table.item(KEY)["events"] == f"{PARTIAL} {DONE}"
    for event in (DONE, PARTIAL):
        repeated = store.deliver("p", "7", event, now=LATER)
        assert repeated.outcome is WebhookOutcome.DUPLICATE


@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("token", ["old", ""])
def test_a_wait_that_begins_meanwhile_keeps_its_token(
    store: CallbackStore, table: MemoryTable, waits: Waits, token: str, *, over: bool
) -> None:
    """Between the read and the write the next wait may have registered itself."""
    if token:
        store.register_token(JOB, token, now=NOW)
    if over:
        waits.over[token] = "TaskTimedOut"
    is_new = iter([True])

    def before(operation: str) -> None:
        if operation == "UpdateItem" and next(is_new, False):
            table.put(KEY, token="new", job_id="j")

    table.client.before = before

    receipt = store.deliver("p", "7", DONE, now=LATER)

    # The webhook ended the old wait, or, at the second try, the new one.
    assert receipt.outcome is WebhookOutcome.WOKE
    if token and not over:
        assert waits.ended == [("old", "1700000060.5")]
        assert table.item(KEY) == {"token": "new", "job_id": "j"}
    else:
        assert waits.ended == [("new", "1700000060.5")]
        assert "token" not in table.item(KEY)


def test_a_wait_that_changes_at_every_try_is_an_error(
    store: CallbackStore, table: MemoryTable
) -> None:
    """The provider sends the webhook again; five tries take less than its patience."""
    tokens = iter(range(100))

    def before(operation: str) -> None:
        if operation == "GetItem":
            table.put(KEY)
        if operation == "UpdateItem":
            table.put(KEY, token=str(next(tokens)))

    table.client.before = before

    with pytest.raises(AwsUnavailable, match=r"^the wait changed at every try$"):
        store.deliver("p", "7", DONE, now=LATER)

    assert table.client.calls == ["GetItem", "UpdateItem"] * 5
