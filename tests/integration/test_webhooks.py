"""Webhooks end the waits of jobs early; without them jobs are polled."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from verdict_courier.api_client import ApiClient

from local.simulators.txncheck import RequestOutcome, TxncheckSimulator
from tests.integration.harness import FULL_CHECK, JobRunner, wait_for

_KEY = "txncheck/full-check/request.json"
_PROCESSING_SECONDS = 1.5


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (RequestOutcome.COMPLETED, "succeeded"),
        (RequestOutcome.PARTIAL, "partial"),
        (RequestOutcome.TEMPORARY, "failed"),
    ],
)
def test_a_webhook_ends_the_wait_for_the_next_poll(
    runner: JobRunner, txncheck: TxncheckSimulator, end: RequestOutcome, outcome: str
) -> None:
    """A job ends as soon as the provider is done, not at the next poll."""
    runner.run(_KEY, FULL_CHECK)  # starts the functions
    txncheck.behave(seconds_processing=_PROCESSING_SECONDS, ends=end)

    view = runner.run(_KEY, FULL_CHECK)

    assert view.job is not None
    assert (view.job.outcome, view.job.polls) == (outcome, 1)
    assert view.job.wait_seconds > 50  # the poll would have come that late
    states = runner.stack.emulator.client("stepfunctions")
    stopped_at = states.describe_execution(
        executionArn=runner.stack.execution_arn(view.job.job_id)
    )["stopDate"].timestamp()
    (accepted,) = (
        request for request in txncheck.accepted if request.id == view.job.provider_ref
    )
    assert stopped_at - (accepted.created_at + _PROCESSING_SECONDS) < 2.0


def test_without_any_webhook_the_job_is_polled(
    runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """A lost webhook costs time, and nothing else."""
    txncheck.behave(seconds_processing=_PROCESSING_SECONDS, webhook_losses=math.inf)
    runner.stack.emulator.set_wait_scale(0.05)

    view = runner.run(_KEY, FULL_CHECK)

    assert view.job is not None
    assert view.job.outcome == "succeeded"
    assert view.job.polls >= 1
    assert "Listen" in view.states
    assert wait_for(lambda: runner.log_lines("WebhooksMissed"))


def test_a_webhook_before_the_wait_is_used(
    runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """A provider can be done before it has answered the submission."""
    txncheck.behave(webhook_early=True)

    view = runner.run(_KEY, FULL_CHECK)

    assert view.job is not None
    assert (view.job.outcome, view.job.polls) == ("succeeded", 1)


def test_a_request_that_the_provider_has_already_is_followed(
    runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """Who submitted it in another way has its id, and wants its result delivered."""
    first = runner.run(_KEY, FULL_CHECK)
    assert first.job is not None
    api = ApiClient.local(runner.stack.api_url)
    body = {
        "provider": "txncheck",
        "type": "full-check",
        "provider_ref": first.job.provider_ref,
    }

    job_id = api.call("POST", "/jobs", body)["job_id"]
    runner.stack.emulator.set_wait_scale(0.0)
    view = runner.wait_for_end(job_id)

    assert view.job is not None
    assert view.job.outcome == "succeeded"
    assert "Submit" not in view.states
    assert len(txncheck.accepted) == 1


@pytest.mark.fault(91)
def test_a_thousand_replays_change_nothing(
    runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """A recorded webhook is of no use to an attacker."""
    view = runner.run(_KEY, FULL_CHECK)
    assert view.job is not None
    reference, job_id = view.job.provider_ref, view.job.job_id
    assert len(runner.notices(job_id)) == 1
    requests = len(txncheck.requests)

    with ThreadPoolExecutor(8) as senders:
        redeliver = txncheck.redeliver
        statuses = set(senders.map(lambda _: redeliver(reference), range(1000)))

    assert statuses == {204}
    assert len(txncheck.requests) == requests
    assert len(runner.notices(job_id)) == 1


@pytest.mark.fault(90)
@pytest.mark.parametrize("forged", ["body", "signature", "timestamp", "no signature"])
def test_a_forged_webhook_is_refused(
    runner: JobRunner, txncheck: TxncheckSimulator, forged: str
) -> None:
    """Anybody can call the route, so nothing is looked up for it."""
    view = runner.run(_KEY, FULL_CHECK)
    assert view.job is not None
    reference = view.job.provider_ref
    changes: dict[str, dict[str, str | None]] = {
        "body": {},
        "signature": {"X-TxnCheck-Signature": "0" * 64},
        "timestamp": {"X-TxnCheck-Timestamp": "1700000000"},
        "no signature": {"X-TxnCheck-Signature": None},
    }
    body = b"{}" if forged == "body" else None

    assert txncheck.redeliver(reference, headers=changes[forged], body=body) == 401
