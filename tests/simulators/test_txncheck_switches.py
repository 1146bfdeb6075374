"""Each unknown of TxnCheck is a switch with a name."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from local.simulators.txncheck import (
    UNKNOWNS,
    Answer,
    RequestOutcome,
    TxncheckBehaviour,
    TxncheckSimulator,
)
from tests.simulators.api_client import (
    TxncheckClient,
)
from tests.simulators.webhook_listener import WEBHOOK_SECRET, WebhookListener

ROOT = Path(__file__).parents[2]

# What the notes on TxnCheck mark as unknown, and the switches that stand for it.
FACTS = {
    "how long the work takes": {"seconds_queued", "seconds_processing"},
    "a 404 straight after the 202 (our rule)": {"seconds_unknown"},
    "retention": {"retention_seconds"},
    "which calls a used-up balance refuses": {"calls_needing_credits"},
    "the rate limit, its calls and headers": {"rate_limit"},
    "which of two shapes an upi-by-mobile result has": {"upi_has_old_shape"},
    "what bank-verification returns, and whether it takes async": {
        "bank_extras",
        "bank_takes_async",
    },
    "the method's name of a bulk call": {"bulk_method"},
    "whether a message is a string or a list, and may echo input": {
        "message_lists",
        "echoes_input",
    },
    "classes of errors are an open set": {"business_class", "temporary_class"},
    "errors of a failed full-check": {"step_errors_when_failed"},
    "webhooks: headers, algorithm, what is signed, tolerance": {"webhook_scheme"},
    "webhooks: schedule of retries": {"webhook_retry_seconds"},
}


def test_every_unknown_has_a_switch() -> None:
    """An unknown that is a constant would be learnt by the adapter as a fact."""
    assert set().union(*FACTS.values()) == set(UNKNOWNS)
    assert set(UNKNOWNS) <= {field.name for field in fields(TxncheckBehaviour)}


def test_switches_are_swapped_at_once(txncheck: TxncheckSimulator) -> None:
    """A call sees one behaviour, never half of two."""
    before = txncheck.behaviour

    txncheck.behave(ends=RequestOutcome.TEMPORARY, seconds_queued=1.0)

    assert before == TxncheckBehaviour()
    assert txncheck.behaviour == TxncheckBehaviour(
        ends=RequestOutcome.TEMPORARY, seconds_queued=1.0
    )
    with pytest.raises(FrozenInstanceError):
        txncheck.behaviour.active = False  # type: ignore[misc]  # that it fails is the point


def test_reset_forgets_everything(
    caller: TxncheckClient, txncheck: TxncheckSimulator, receiver: WebhookListener
) -> None:
    """Tests that share a simulator must not meet each other."""
    caller.ended()
    waiting = caller.submitted()
    txncheck.behave(seconds_queued=1.0)
    txncheck.rotate_key("another")
    txncheck.webhook_secret = "another"
    txncheck.script("check", [Answer.hang()])

    txncheck.reset()
    reset_url, txncheck.webhook_url = txncheck.webhook_url, receiver.url
    txncheck.clock.advance(1000)

    assert txncheck.accepted == []
    assert txncheck.requests == []
    assert len(receiver.received) == 1  # that of before
    assert txncheck.unused == 0
    assert txncheck.behaviour == TxncheckBehaviour()
    assert reset_url is None
    assert txncheck.webhook_secret == WEBHOOK_SECRET
    assert caller.call("GET", f"requests/{waiting}").status_code == 404
    assert caller.submitted()
