"""Each unknown of TxnCheck is a switch with a name; and it runs by itself."""

import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
import requests

from local.simulators.txncheck import (
    UNKNOWNS,
    Answer,
    Behaviour,
    End,
    TxncheckSimulator,
)
from tests.simulators.api_client import (
    BODIES,
    SECONDS,
    WEBHOOK_SECRET,
    Doorbell,
    Merchant,
)

ROOT = Path(__file__).parents[2]

# What the notes on TxnCheck mark as unknown, and the switches that stand for it.
FACTS = {
    "how long the work takes": {"seconds_queued", "seconds_processing"},
    "a 404 straight after the 202 (our rule)": {"seconds_unknown"},
    "retention": {"retention_seconds"},
    "the rate limit, its calls and headers": {"rate_limit"},
    "which of two shapes an upi-by-mobile result has": {"upi_shape"},
    "what bank-verification returns, and whether it takes async": {
        "bank_extras",
        "bank_takes_async",
    },
    "the method's name of a bulk call": {"bulk_method"},
    "what a synchronous call answers, in time and past it": {
        "sync_answer",
        "sync_late",
    },
    "whether a message is a string or a list, and may echo input": {
        "message_lists",
        "echoes_input",
    },
    "classes of errors are an open set": {"business_class", "temporary_class"},
    "errors of a failed full-check": {"step_errors_when_failed"},
    "webhooks: headers, algorithm, what is signed, tolerance": {"webhook_scheme"},
    "webhooks: schedule of retries": {
        "webhook_retry_seconds",
        "webhook_retries_are_copies",
    },
    "webhooks: delivery id": {"webhook_id_per_attempt"},
    "webhooks: of synchronous calls, and without an address": {
        "webhook_for_sync",
        "webhook_status_without_url",
    },
}


def test_every_unknown_has_a_switch() -> None:
    """An unknown that is a constant would be learnt by the adapter as a fact."""
    assert set().union(*FACTS.values()) == set(UNKNOWNS)
    assert set(UNKNOWNS) <= {field.name for field in fields(Behaviour)}


def test_switches_are_swapped_at_once(txncheck: TxncheckSimulator) -> None:
    """A call sees one behaviour, never half of two."""
    before = txncheck.behaviour

    txncheck.behave(ends=End.TEMPORARY, seconds_queued=1.0)

    assert before == Behaviour()
    assert txncheck.behaviour == Behaviour(ends=End.TEMPORARY, seconds_queued=1.0)
    with pytest.raises(FrozenInstanceError):
        txncheck.behaviour.active = False  # type: ignore[misc]  # that it fails is the point


def test_reset_forgets_everything(
    merchant: Merchant, txncheck: TxncheckSimulator, doorbell: Doorbell
) -> None:
    """Tests that share a simulator must not meet each other."""
    merchant.ended()
    waiting = merchant.submitted()
    txncheck.behave(seconds_queued=1.0)
    txncheck.rotate_key("another")
    txncheck.webhook_secret = "another"
    txncheck.script("check", [Answer.hang()])

    txncheck.reset()
    reset_url, txncheck.webhook_url = txncheck.webhook_url, doorbell.url
    txncheck.clock.advance(1000)

    assert txncheck.accepted == []
    assert txncheck.requests == []
    assert txncheck.deliveries == []
    assert len(doorbell.received) == 1  # that of before
    assert txncheck.unused == 0
    assert txncheck.behaviour == Behaviour()
    assert reset_url is None
    assert txncheck.webhook_secret == WEBHOOK_SECRET
    assert merchant.call("GET", f"requests/{waiting}").status_code == 404
    assert merchant.submitted()


# By itself


def _command(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "local.simulators.txncheck", *arguments],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("by", [signal.SIGTERM, None])
def test_runs_alone(by: signal.Signals | None) -> None:
    """It prints its address, rings, and ends cleanly: by a signal, or its parent."""
    options = ("--key", "k", "--seconds-queued", "0", "--seconds-processing", "0")
    with (
        Doorbell.hung() as doorbell,
        _command(
            *options, "--webhook-url", doorbell.url, "--until-stdin-closes"
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            lines = dict(process.stdout.readline().split() for _line in range(2))
            answer = requests.post(
                f"{lines['API']}/kyc-by-mobile",
                json=BODIES["kyc-by-mobile"],
                headers={"X-API-Key": "k"},
                timeout=SECONDS,
            )
            doorbell.wait()
            if by is None:
                process.stdin.close()
            else:
                process.send_signal(by)
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()

        assert answer.status_code == 202
        assert lines["Key"] == "k"


def test_says_why_it_cannot_serve(txncheck: TxncheckSimulator) -> None:
    """The exit code tells a script, the sentence tells a person."""
    port = txncheck.base_url.split(":")[2].partition("/")[0]

    for options in (("--port", port), ("--webhook-url", "http://example.com:80/")):
        with _command(*options) as process:
            try:
                output, errors = process.communicate(timeout=SECONDS)
            finally:
                process.kill()  # if it serves after all
        assert process.returncode == 1
        assert output == ""
        assert errors.startswith("cannot serve: ")


def test_refuses_wrong_arguments() -> None:
    """argparse ends with 2, and --help with 0."""
    for argument, code in (("--speed", 2), ("--help", 0)):
        with _command(argument) as process, suppress(BrokenPipeError):
            process.communicate(timeout=SECONDS)
        assert process.returncode == code
