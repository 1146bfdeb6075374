"""TxnCheck rings when a request has ended: well, badly, or not at all by a switch."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from functions.core.signatures import Verdict, verify
from local.simulators.http_writer import Delivery, Ending, Reply
from local.simulators.txncheck import (
    SCHEME,
    Behaviour,
    RunningClock,
    Signature,
    TxncheckSimulator,
)
from tests.simulators.api_client import (
    FAILING,
    GOOD,
    KEY,
    PARTLY,
    WEBHOOK_SECRET,
    Doorbell,
    Merchant,
)

AT_ONCE = Behaviour(seconds_queued=0.0, seconds_processing=0.0)


def webhook_status(merchant: Merchant) -> str | None:
    """The webhookStatus of the only request, as a look shows it."""
    (accepted,) = merchant.txncheck.accepted
    shown = merchant.look(accepted.id).get("webhookStatus")
    assert shown == accepted.webhook_status
    return accepted.webhook_status


@pytest.mark.parametrize(
    ("mobile", "event", "keys"),
    [
        (GOOD, "request.completed", {"result", "stepStatuses"}),
        (PARTLY, "request.partial", {"result", "stepStatuses", "error"}),
        (FAILING, "request.failed", {"error", "stepStatuses"}),
    ],
)
def test_says_how_a_request_ended(
    merchant: Merchant,
    txncheck: TxncheckSimulator,
    doorbell: Doorbell,
    mobile: str,
    event: str,
    keys: set[str],
) -> None:
    """Event, timestamp and data are documented; the data are those of a look."""
    request_id = merchant.ended("full-check", mobile=mobile)

    (received,) = doorbell.received
    document, look = json.loads(received.body), merchant.look(request_id)
    common = {"requestId", "method", "status", "completedAt"}
    assert set(document) == {"event", "timestamp", "data"}
    assert document["event"] == event
    assert set(document["data"]) == common | keys
    assert document["data"].items() <= look.items()
    assert look["webhookStatus"] == "SENT"
    (attempt,) = txncheck.deliveries
    assert (attempt.request_id, attempt.event, attempt.status, attempt.at) == (
        request_id,
        event,
        204,
        txncheck.clock.now(),
    )


def test_is_signed(txncheck: TxncheckSimulator, doorbell: Doorbell) -> None:
    """By the scheme that the receiver is set to, whichever it is."""
    merchant = Merchant(txncheck)
    merchant.ended()
    based = replace(
        SCHEME,
        signed_template="{id}.{ts}.{body}",
        timestamp_unit="seconds",
        encoding="base64",
        prefix="v1,",
    )
    txncheck.behave(webhook_scheme=based)
    txncheck.webhook_secret = "the next one"
    merchant.ended()
    merchant.session.close()

    now, (first, second) = txncheck.clock.now(), doorbell.received
    assert first.verdict(now) is Verdict.VALID
    assert second.verdict(now) is Verdict.UNSIGNED
    assert Verdict.VALID is verify(
        based, ["the next one"], headers=second.headers, body=second.body, now=now
    )


@pytest.mark.parametrize(
    ("signature", "verdict"),
    [(Signature.WRONG, Verdict.FORGED), (Signature.NONE, Verdict.UNSIGNED)],
)
def test_is_signed_wrongly_by_a_switch(
    merchant: Merchant,
    txncheck: TxncheckSimulator,
    doorbell: Doorbell,
    signature: Signature,
    verdict: Verdict,
) -> None:
    """A receiver must refuse it, and the job end by polling."""
    txncheck.behave(webhook_signature=signature)
    merchant.ended()

    assert doorbell.received[0].verdict(txncheck.clock.now()) is verdict


def test_is_unsigned_without_a_secret(
    merchant: Merchant, txncheck: TxncheckSimulator, doorbell: Doorbell
) -> None:
    """An empty secret would be one that everybody knows."""
    txncheck.webhook_secret = None
    merchant.ended()

    assert doorbell.received[0].verdict(txncheck.clock.now()) is Verdict.UNSIGNED


@pytest.mark.parametrize("word", ["PENDING", None])
def test_stays_silent_without_an_address(
    merchant: Merchant, txncheck: TxncheckSimulator, word: str | None
) -> None:
    """Polling is a way of its own; what webhookStatus then says is unknown."""
    txncheck.behave(webhook_status_without_url=word)
    merchant.ended()

    assert txncheck.deliveries == []
    assert webhook_status(merchant) == word


@pytest.mark.usefixtures("doorbell")
def test_comes_late_by_a_switch(
    merchant: Merchant, txncheck: TxncheckSimulator
) -> None:
    """The next poll may be earlier."""
    txncheck.behave(webhook_delay_seconds=5.0)
    merchant.ended()
    txncheck.clock.advance(4.9)
    assert webhook_status(merchant) == "PENDING"

    txncheck.clock.advance(0.1)

    assert webhook_status(merchant) == "SENT"


@pytest.mark.parametrize("early", [False, True])
def test_comes_before_the_answer_by_a_switch(
    merchant: Merchant, txncheck: TxncheckSimulator, doorbell: Doorbell, early: bool
) -> None:
    """Then nobody knows the id yet that it speaks of."""
    txncheck.behave(seconds_queued=0.0, seconds_processing=0.0, webhook_early=early)
    merchant.submitted()

    assert len(doorbell.received) == early
    txncheck.clock.advance(0)
    assert len(doorbell.received) == 1


@pytest.mark.parametrize("too", [False, True])
def test_comes_for_synchronous_calls_by_a_switch(
    merchant: Merchant, txncheck: TxncheckSimulator, doorbell: Doorbell, too: bool
) -> None:
    """The caller knows the result already, and may be told again."""
    txncheck.behave(webhook_for_sync=too)
    merchant.post("kyc-by-mobile", **{"async": False})
    txncheck.clock.advance(10)

    assert len(doorbell.received) == too


def test_is_tried_again(
    merchant: Merchant, txncheck: TxncheckSimulator, doorbell: Doorbell
) -> None:
    """By a schedule that is unknown; each time stamped and signed anew."""
    txncheck.behave(webhook_retry_seconds=(60.0, 600.0))
    doorbell.status = 500
    merchant.ended()
    assert webhook_status(merchant) == "RETRYING"
    txncheck.clock.advance(59.9)
    assert len(doorbell.received) == 1

    txncheck.clock.advance(0.1)
    assert len(doorbell.received) == 2
    doorbell.status = 200
    txncheck.clock.advance(600)

    now, (first, second, third) = txncheck.clock.now(), doorbell.received
    assert webhook_status(merchant) == "SENT"
    assert third.verdict(now) is Verdict.VALID
    assert second.verdict(now) is first.verdict(now) is Verdict.STALE
    assert len({each.headers["X-Webhook-Id"] for each in doorbell.received}) == 1
    assert [each.number for each in txncheck.deliveries] == [1, 2, 3]


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_gives_up_in_the_end(
    merchant: Merchant, txncheck: TxncheckSimulator, doorbell: Doorbell, status: int
) -> None:
    """Nothing but a 2xx is a delivery; then only polling is left."""
    doorbell.status = status
    merchant.ended()
    txncheck.clock.advance(60)
    txncheck.clock.advance(300)
    assert webhook_status(merchant) == "RETRYING"
    txncheck.clock.advance(1800)
    txncheck.clock.advance(100_000)

    assert webhook_status(merchant) == "FAILED"
    assert [each.status for each in txncheck.deliveries] == [status] * 4


@pytest.mark.parametrize("copies", [False, True])
def test_retries_are_copies_by_a_switch(
    merchant: Merchant, txncheck: TxncheckSimulator, doorbell: Doorbell, copies: bool
) -> None:
    """Then what is tried again after minutes is stale, though nobody meant harm."""
    txncheck.behave(webhook_retries_are_copies=copies)
    doorbell.status = 500
    merchant.ended()
    txncheck.clock.advance(60)

    first, second = doorbell.received
    assert (first == second) is copies


def test_attempts_have_ids_by_a_switch(
    merchant: Merchant, txncheck: TxncheckSimulator, doorbell: Doorbell
) -> None:
    """Whether a delivery id tells repetitions is unknown."""
    txncheck.behave(webhook_id_per_attempt=True)
    doorbell.status = 500
    merchant.ended()
    txncheck.clock.advance(60)

    assert len({each.headers["X-Webhook-Id"] for each in doorbell.received}) == 2


def test_comes_several_times_by_a_switch(
    merchant: Merchant, txncheck: TxncheckSimulator, doorbell: Doorbell
) -> None:
    """At least once is what senders promise."""
    txncheck.behave(webhook_duplicates=2)
    merchant.ended()

    assert len(doorbell.received) == len(txncheck.deliveries) == 3
    assert doorbell.received[0] == doorbell.received[1] == doorbell.received[2]


@pytest.mark.parametrize(("losses", "received"), [(1, 1), (2, 0), (math.inf, 0)])
def test_gets_lost_by_a_switch(
    merchant: Merchant,
    txncheck: TxncheckSimulator,
    doorbell: Doorbell,
    losses: float,
    received: int,
) -> None:
    """The first attempts for a request go astray, or all."""
    txncheck.behave(webhook_losses=losses, webhook_retry_seconds=(60.0,))
    merchant.ended()
    assert txncheck.deliveries[0].lost
    assert webhook_status(merchant) == "RETRYING"

    txncheck.clock.advance(60)

    assert len(doorbell.received) == received
    assert webhook_status(merchant) == ("SENT" if received else "FAILED")


@pytest.mark.parametrize("newest_first", [False, True])
def test_comes_in_another_order_by_a_switch(
    merchant: Merchant,
    txncheck: TxncheckSimulator,
    doorbell: Doorbell,
    newest_first: bool,
) -> None:
    """Nothing promises an order."""
    txncheck.behave(webhook_newest_first=newest_first)
    ids = [merchant.submitted() for _time in range(3)]
    txncheck.clock.advance(10)

    rung = [json.loads(each.body)["data"]["requestId"] for each in doorbell.received]
    assert rung == (ids[::-1] if newest_first else ids)


@pytest.mark.usefixtures("doorbell")
def test_can_be_sent_once_more(
    merchant: Merchant, txncheck: TxncheckSimulator, doorbell: Doorbell
) -> None:
    """A replay is the very same bytes; a forgery is not."""
    request_id = merchant.ended()
    assert txncheck.redeliver(request_id) == 204
    changed = {"X-Webhook-Timestamp": "1", "X-Webhook-Id": None}
    assert txncheck.redeliver(request_id, headers=changed, body=b"{}") == 204

    first, again, forged = doorbell.received
    assert again == first
    assert forged.body == b"{}"
    assert forged.headers["X-Webhook-Timestamp"] == "1"
    assert "X-Webhook-Id" not in forged.headers
    assert [each.number for each in txncheck.deliveries] == [1, 0, 0]
    with pytest.raises(KeyError):
        txncheck.redeliver("nobody")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8000/",
        "http://example.com:80/",
        "http://127.0.0.1.example.com:80/",
        "http://10.0.0.1:80/",
        "http://localhost@10.0.0.1:80/",
        "http://127.0.0.1/",
        "ftp://127.0.0.1:21/",
        "",
    ],
)
def test_goes_to_this_machine_only(txncheck: TxncheckSimulator, url: str) -> None:
    """Invented results are no reason to call anybody."""
    with pytest.raises(ValueError, match="loopback"):
        txncheck.webhook_url = url
    with (
        pytest.raises(ValueError, match="loopback"),
        TxncheckSimulator.started(api_key=KEY, webhook_url=url),
    ):
        pass
    assert txncheck.webhook_url is None


def test_nobody_may_be_at_home(merchant: Merchant, txncheck: TxncheckSimulator) -> None:
    """A refused connection is a failed attempt."""
    with Doorbell.hung() as gone:
        txncheck.webhook_url = gone.url
    merchant.ended()

    assert [each.status for each in txncheck.deliveries] == [None]
    assert webhook_status(merchant) == "RETRYING"


class _Silent(Doorbell):
    def __call__(self, request: Any) -> Reply:  # noqa: ANN401 what the base class takes
        super().__call__(request)
        return Reply(delivery=Delivery(has_head=False, ending=Ending.STALL))


def test_does_not_wait_for_ever(
    merchant: Merchant, txncheck: TxncheckSimulator
) -> None:
    """30 seconds are documented; a test has less time."""
    txncheck.behave(webhook_answer_seconds=0.05)
    with _Silent.hung() as silent:
        txncheck.webhook_url = silent.url
        merchant.ended()

    assert len(silent.received) == 1
    assert webhook_status(merchant) == "RETRYING"


# By a clock that runs


@contextmanager
def running(doorbell: Doorbell, behaviour: Behaviour) -> Iterator[Merchant]:
    """A client of a simulator that follows the real time."""
    with TxncheckSimulator.started(
        api_key=KEY,
        webhook_url=doorbell.url,
        webhook_secret=WEBHOOK_SECRET,
        clock=RunningClock(),
        behaviour=behaviour,
    ) as txncheck:
        merchant = Merchant(txncheck)
        yield merchant
        merchant.session.close()


def test_comes_by_itself(doorbell: Doorbell) -> None:
    """In real time nobody advances a clock; what fails is tried again."""
    behaviour = replace(
        AT_ONCE, seconds_processing=0.05, webhook_retry_seconds=(0.05, 60.0)
    )
    doorbell.status = 500
    with running(doorbell, behaviour) as merchant:
        merchant.submitted()
        doorbell.wait()
        doorbell.wait()
        now = merchant.txncheck.clock.now()

    assert doorbell.received[1].verdict(now) is Verdict.VALID


def test_comes_earlier_when_time_is_put_ahead(doorbell: Doorbell) -> None:
    """A test that has an hour to pass does not take one."""
    with running(doorbell, Behaviour(seconds_processing=3600.0)) as merchant:
        merchant.submitted()
        merchant.txncheck.clock.advance(3602)
        doorbell.wait()

        request_id = merchant.submitted()
        for _look in range(20):  # meanwhile the sender goes to sleep
            merchant.look(request_id)
        merchant.txncheck.behave(seconds_queued=0.0, seconds_processing=0.0)
        doorbell.wait()


def test_a_silent_receiver_does_not_hold_up_the_end() -> None:
    """Whoever embeds the simulator wants to leave, whatever is on its way."""
    patient = replace(AT_ONCE, webhook_answer_seconds=3600.0)
    with _Silent.hung() as silent, running(silent, patient) as merchant:
        merchant.submitted()
        silent.wait()
    # The block has ended within the time-out of the tests, and left no thread.

    assert [each.status for each in merchant.txncheck.deliveries] == [None]
