"""TxnCheck sends a webhook when a request has ended, unless a switch loses it."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from functions.core.signatures import SignatureVerdict, verify
from local.simulators.http_writer import Ending, HttpReply
from local.simulators.txncheck import (
    SCHEME,
    RunningClock,
    TxncheckBehaviour,
    TxncheckSimulator,
)
from tests.simulators.api_client import (
    BUSINESS_ERROR,
    COMPLETED,
    KEY,
    PARTIAL,
    TxncheckClient,
)
from tests.simulators.webhook_listener import WEBHOOK_SECRET, WebhookListener

AT_ONCE = TxncheckBehaviour(seconds_queued=0.0, seconds_processing=0.0)


def webhook_status(caller: TxncheckClient) -> str | None:
    """The webhookStatus of the only request, as a status call shows it."""
    (accepted,) = caller.txncheck.accepted
    shown = caller.status(accepted.id).get("webhookStatus")
    assert shown == accepted.webhook_status
    return accepted.webhook_status


@pytest.mark.parametrize(
    ("mobile", "event", "keys"),
    [
        (COMPLETED, "request.completed", {"result", "stepStatuses"}),
        (PARTIAL, "request.partial", {"result", "stepStatuses", "error"}),
        (BUSINESS_ERROR, "request.failed", {"error", "stepStatuses"}),
    ],
)
def test_describes_how_a_request_ended(
    caller: TxncheckClient,
    receiver: WebhookListener,
    mobile: str,
    event: str,
    keys: set[str],
) -> None:
    """Event, timestamp and data are documented; the data are those of a status call."""
    request_id = caller.ended("full-check", mobile=mobile)

    (received,) = receiver.received
    document, answer = json.loads(received.body), caller.status(request_id)
    common = {"requestId", "method", "status", "completedAt"}
    assert set(document) == {"event", "timestamp", "data"}
    assert document["event"] == event
    assert set(document["data"]) == common | keys
    assert document["data"].items() <= answer.items()
    assert answer["webhookStatus"] == "SENT"


def test_is_signed(txncheck: TxncheckSimulator, receiver: WebhookListener) -> None:
    """By the scheme that the receiver is set to, whichever it is."""
    caller = TxncheckClient(txncheck)
    caller.ended()
    based = replace(
        SCHEME,
        signed_template="{id}.{ts}.{body}",
        timestamp_unit="seconds",
        encoding="base64",
        prefix="v1,",
    )
    txncheck.behave(webhook_scheme=based)
    txncheck.webhook_secret = "the next one"
    caller.ended()
    caller.session.close()

    now, (first, second) = txncheck.clock.now(), receiver.received
    assert first.verdict(now) is SignatureVerdict.VALID
    assert second.verdict(now) is SignatureVerdict.UNSIGNED
    assert SignatureVerdict.VALID is verify(
        based, ["the next one"], headers=second.headers, body=second.body, now=now
    )


@pytest.mark.parametrize(
    ("secret", "verdict"),
    [("another", SignatureVerdict.FORGED), (None, SignatureVerdict.UNSIGNED)],
)
def test_is_signed_with_the_secret_only(
    caller: TxncheckClient,
    txncheck: TxncheckSimulator,
    receiver: WebhookListener,
    secret: str | None,
    verdict: SignatureVerdict,
) -> None:
    """A receiver must refuse any other, and the job end by polling."""
    txncheck.webhook_secret = secret
    caller.ended()

    assert receiver.received[0].verdict(txncheck.clock.now()) is verdict


def test_is_not_sent_without_an_address(
    caller: TxncheckClient, txncheck: TxncheckSimulator, receiver: WebhookListener
) -> None:
    """Polling is a way of its own."""
    txncheck.webhook_url = None
    caller.ended()

    assert receiver.received == []
    assert webhook_status(caller) == "PENDING"


@pytest.mark.parametrize("early", [False, True])
def test_is_sent_before_the_answer_by_a_switch(
    caller: TxncheckClient,
    txncheck: TxncheckSimulator,
    receiver: WebhookListener,
    early: bool,
) -> None:
    """Then nobody knows the id yet that it speaks of."""
    txncheck.behave(seconds_queued=0.0, seconds_processing=0.0, webhook_early=early)
    caller.submitted()

    assert len(receiver.received) == early
    txncheck.clock.advance(0)
    assert len(receiver.received) == 1


def test_is_tried_again(
    caller: TxncheckClient, txncheck: TxncheckSimulator, receiver: WebhookListener
) -> None:
    """By a schedule that is unknown; each time stamped and signed anew."""
    txncheck.behave(webhook_retry_seconds=(60.0, 600.0))
    receiver.status = 500
    caller.ended()
    assert webhook_status(caller) == "RETRYING"
    txncheck.clock.advance(59.9)
    assert len(receiver.received) == 1

    txncheck.clock.advance(0.1)
    assert len(receiver.received) == 2
    receiver.status = 200
    txncheck.clock.advance(600)

    now, (first, second, third) = txncheck.clock.now(), receiver.received
    assert webhook_status(caller) == "SENT"
    assert third.verdict(now) is SignatureVerdict.VALID
    assert second.verdict(now) is first.verdict(now) is SignatureVerdict.STALE
    assert len({each.headers["X-Webhook-Id"] for each in receiver.received}) == 1


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_gives_up_in_the_end(
    caller: TxncheckClient,
    txncheck: TxncheckSimulator,
    receiver: WebhookListener,
    status: int,
) -> None:
    """Nothing but a 2xx is a delivery; then only polling is left."""
    receiver.status = status
    caller.ended()
    txncheck.clock.advance(60)
    txncheck.clock.advance(300)
    assert webhook_status(caller) == "RETRYING"
    txncheck.clock.advance(1800)
    txncheck.clock.advance(100_000)

    assert webhook_status(caller) == "FAILED"
    assert len(receiver.received) == 4


@pytest.mark.parametrize(("losses", "received"), [(1, 1), (2, 0), (math.inf, 0)])
def test_gets_lost_by_a_switch(
    caller: TxncheckClient,
    txncheck: TxncheckSimulator,
    receiver: WebhookListener,
    losses: float,
    received: int,
) -> None:
    """The first attempts for a request go astray, or all."""
    txncheck.behave(webhook_losses=losses, webhook_retry_seconds=(60.0,))
    caller.ended()
    assert receiver.received == []
    assert webhook_status(caller) == "RETRYING"

    txncheck.clock.advance(60)

    assert len(receiver.received) == received
    assert webhook_status(caller) == ("SENT" if received else "FAILED")


@pytest.mark.usefixtures("receiver")
def test_can_be_sent_once_more(
    caller: TxncheckClient, txncheck: TxncheckSimulator, receiver: WebhookListener
) -> None:
    """A replay is the very same bytes; a forgery is not."""
    request_id = caller.ended()
    assert txncheck.redeliver(request_id) == 204
    changed = {"X-Webhook-Timestamp": "1", "X-Webhook-Id": None}
    assert txncheck.redeliver(request_id, headers=changed, body=b"{}") == 204

    first, again, forged = receiver.received
    assert again == first
    assert forged.body == b"{}"
    assert forged.headers["X-Webhook-Timestamp"] == "1"
    assert "X-Webhook-Id" not in forged.headers
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


def test_counts_a_refused_connection_as_a_failed_attempt(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """A refused connection is a failed attempt."""
    with WebhookListener.listening() as gone:
        txncheck.webhook_url = gone.url
    caller.ended()

    assert webhook_status(caller) == "RETRYING"


class _Silent(WebhookListener):
    def __call__(self, request: Any) -> HttpReply:  # noqa: ANN401 what the base class takes
        super().__call__(request)
        return HttpReply(has_head=False, ending=Ending.STALL)


def test_does_not_wait_for_ever(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """30 seconds are documented; a test has less time."""
    txncheck.behave(webhook_answer_seconds=0.05)
    with _Silent.listening() as silent:
        txncheck.webhook_url = silent.url
        caller.ended()

    assert len(silent.received) == 1
    assert webhook_status(caller) == "RETRYING"


# By a clock that runs


@contextmanager
def running(
    receiver: WebhookListener, behaviour: TxncheckBehaviour
) -> Iterator[TxncheckClient]:
    """A client of a simulator that follows the real time."""
    with TxncheckSimulator.started(
        api_key=KEY,
        webhook_url=receiver.url,
        webhook_secret=WEBHOOK_SECRET,
        clock=RunningClock(),
        behaviour=behaviour,
    ) as txncheck:
        caller = TxncheckClient(txncheck)
        yield caller
        caller.session.close()


def test_is_sent_by_a_running_clock(receiver: WebhookListener) -> None:
    """In real time nobody advances a clock; what fails is tried again."""
    behaviour = replace(
        AT_ONCE, seconds_processing=0.05, webhook_retry_seconds=(0.05, 60.0)
    )
    receiver.status = 500
    with running(receiver, behaviour) as caller:
        caller.submitted()
        receiver.wait()
        receiver.wait()
        now = caller.txncheck.clock.now()

    assert receiver.received[1].verdict(now) is SignatureVerdict.VALID


def test_is_sent_earlier_when_the_clock_is_put_ahead(receiver: WebhookListener) -> None:
    """A test that has an hour to pass does not take one."""
    with running(receiver, TxncheckBehaviour(seconds_processing=3600.0)) as caller:
        caller.submitted()
        caller.txncheck.clock.advance(3602)
        receiver.wait()

        request_id = caller.submitted()
        for _call in range(20):  # while the sender waits
            caller.status(request_id)
        caller.txncheck.behave(seconds_queued=0.0, seconds_processing=0.0)
        receiver.wait()


def test_a_silent_receiver_does_not_hold_up_the_end() -> None:
    """Whoever embeds the simulator wants to leave, whatever is on its way."""
    patient = replace(AT_ONCE, webhook_answer_seconds=3600.0)
    with _Silent.listening() as silent, running(silent, patient) as caller:
        caller.submitted()
        silent.wait()
    # The block has ended within the time-out of the tests, and left no thread.

    (accepted,) = caller.txncheck.accepted
    assert accepted.webhook_status == "RETRYING"
