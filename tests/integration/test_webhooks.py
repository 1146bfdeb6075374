"""A provider's webhooks wake its jobs; without them nothing is lost but time."""

import json
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from verdict_courier.api_client import ApiClient

from local.execution_view import ExecutionView
from local.simulators.txncheck import End, TxncheckSimulator
from tests.integration.harness import JobRunner, wait_for

_REQUEST = json.dumps({"mobile": "+919812345670", "name": "Asha Example"}).encode()
_KEY = "txncheck/full-check/request.json"
_SECONDS = 1.5


def _seconds_after_its_end(
    courier: JobRunner, txncheck: TxncheckSimulator, view: ExecutionView
) -> float:
    """How long after the provider's end the job ended."""
    assert view.job is not None
    described = courier.stack.emulator.client("stepfunctions").describe_execution(
        executionArn=courier.stack.execution_arn(view.job.job_id)
    )
    reference = view.job.provider_ref
    (accepted,) = (one for one in txncheck.accepted if one.id == reference)
    ended_at: float = described["stopDate"].timestamp()
    return ended_at - accepted.created_at - _SECONDS


@pytest.mark.parametrize(
    ("end", "outcome"),
    [(End.COMPLETED, "succeeded"), (End.PARTIAL, "partial"), (End.TEMPORARY, "failed")],
)
def test_a_webhook_ends_the_wait_for_the_next_poll(
    courier: JobRunner, txncheck: TxncheckSimulator, end: End, outcome: str
) -> None:
    """Whoever waits for a verdict waits for the provider, not for our schedule."""
    courier.run(_KEY, _REQUEST)  # the functions are warm then
    txncheck.behave(seconds_processing=_SECONDS, ends=end)

    view = courier.run(_KEY, _REQUEST)

    assert view.job is not None
    assert (view.job.outcome, view.job.polls) == (outcome, 1)
    assert view.job.wait_seconds > 50  # the poll would have come that late
    assert _seconds_after_its_end(courier, txncheck, view) < 2.0


def test_without_any_webhook_the_job_is_polled(
    courier: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """A webhook is a help, and nothing rests on it."""
    txncheck.behave(seconds_processing=_SECONDS, webhook_losses=math.inf)
    courier.stack.emulator.set_wait_scale(0.05)

    view = courier.run(_KEY, _REQUEST)

    assert view.job is not None
    assert view.job.outcome == "succeeded"
    assert view.job.polls >= 1
    assert "Listen" in view.states
    assert wait_for(lambda: courier.log_lines("WebhooksMissed"))


def test_an_early_webhook_is_heard(
    courier: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """A provider can be done before it has answered us."""
    txncheck.behave(webhook_early=True)

    view = courier.run(_KEY, _REQUEST)

    assert view.job is not None
    assert (view.job.outcome, view.job.polls) == ("succeeded", 1)


def test_a_request_that_is_at_the_provider_already_is_followed(
    courier: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """Whoever asked without us has the id, and wants the result in the same place."""
    first = courier.run(_KEY, _REQUEST)
    assert first.job is not None
    api = ApiClient.local(courier.stack.api_url)
    body = {
        "provider": "txncheck",
        "type": "full-check",
        "provider_ref": first.job.provider_ref,
    }

    job_id = api.call("POST", "/jobs", body)["job_id"]
    courier.stack.emulator.set_wait_scale(0.0)
    view = courier.wait_for_end(job_id)

    assert view.job is not None
    assert view.job.outcome == "succeeded"
    assert "Submit" not in view.states
    assert len(txncheck.accepted) == 1


@pytest.mark.fault(91)
def test_a_thousand_replays_change_nothing(
    courier: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """A webhook that somebody recorded is worth nothing to him."""
    view = courier.run(_KEY, _REQUEST)
    assert view.job is not None
    reference, job_id = view.job.provider_ref, view.job.job_id
    assert len(courier.notices(job_id)) == 1
    asked = len(txncheck.requests)

    with ThreadPoolExecutor(8) as senders:
        replay = txncheck.redeliver
        answers = list(senders.map(lambda _: replay(reference), range(1000)))

    assert set(answers) == {204}
    assert len(txncheck.requests) == asked
    assert len(courier.notices(job_id)) == 1


@pytest.mark.fault(90)
@pytest.mark.parametrize("spoilt", ["body", "signature", "timestamp", "nothing there"])
def test_a_forged_webhook_is_refused(
    courier: JobRunner, txncheck: TxncheckSimulator, spoilt: str
) -> None:
    """And nothing is looked up for it."""
    view = courier.run(_KEY, _REQUEST)
    assert view.job is not None
    reference = view.job.provider_ref
    changes: dict[str, dict[str, str | None]] = {
        "body": {},
        "signature": {"X-TxnCheck-Signature": "0" * 64},
        "timestamp": {"X-TxnCheck-Timestamp": "1700000000"},
        "nothing there": {"X-TxnCheck-Signature": None},
    }
    body = b"{}" if spoilt == "body" else None

    assert txncheck.redeliver(reference, headers=changes[spoilt], body=body) == 401
