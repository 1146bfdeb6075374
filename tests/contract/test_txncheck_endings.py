"""TxnCheck: every way in which a request can end."""

from dataclasses import replace
from typing import Any

import pytest

from functions.core.errors import (
    AnswerMismatch,
    LinkSpent,
    ProviderLostJob,
)
from functions.core.model import Phase, StatusReport
from local.simulators.txncheck import (
    Answer,
    RequestOutcome,
)
from tests.contract.txncheck_harness import TxncheckHarness


@pytest.mark.fault(34)
def test_keeps_the_results_of_a_partial_request(txncheck: TxncheckHarness) -> None:
    """Two steps of three are paid for."""
    txncheck.simulator.behave(ends=RequestOutcome.PARTIAL, echoes_input=True)
    reference = txncheck.submit_type("full-check")
    txncheck.finish()

    report = txncheck.provider.check(reference)
    document = txncheck.fetch_document(reference)

    assert replace(report, provider_finished_at=0) == StatusReport(
        phase=Phase.PARTIAL, kinds=("result",), webhook_status="PENDING"
    )
    assert document["status"] == "PARTIAL"
    assert set(document["result"]) == {"upiByMobile", "vpaChargebackCheck"}
    assert document["stepStatuses"]["kycByMobile"] == "failed"
    error = document["errors"]["kycByMobile"]
    assert error["class"] == "PROVIDER_TEMPORARY"
    assert error["message"].startswith("Try again later")


@pytest.mark.fault(31)
@pytest.mark.parametrize(
    ("switches", "error"),
    [
        pytest.param(
            {"ends": RequestOutcome.BUSINESS_ERROR}, "ProviderDeclined", id="for good"
        ),
        pytest.param(
            {"ends": RequestOutcome.TEMPORARY}, "ProviderFailed", id="for now"
        ),
        pytest.param(
            {"ends": RequestOutcome.BUSINESS_ERROR, "business_class": "NEW_CLASS"},
            "ProviderFailed",
            id="a class that nobody knows",
        ),
        pytest.param(
            {"ends": RequestOutcome.TEMPORARY, "temporary_class": "NEW_CLASS"},
            "ProviderFailed",
            id="another one",
        ),
        pytest.param(
            {"ends": RequestOutcome.BUSINESS_ERROR, "step_errors_when_failed": True},
            "ProviderFailed",
            id="errors by step",
        ),
    ],
)
def test_reports_a_failure_as_final(
    txncheck: TxncheckHarness, switches: dict[str, Any], error: str
) -> None:
    """It is documented as an end, so more checks would change nothing."""
    txncheck.simulator.behave(echoes_input=True, **switches)
    reference = txncheck.submit_type("full-check")
    txncheck.finish()

    report = txncheck.provider.check(reference)

    assert replace(report, provider_finished_at=0, errors={}) == StatusReport(
        phase=Phase.FAILED, final_error=error, webhook_status="PENDING"
    )
    assert all(error["message"] for error in report.errors.values())
    assert len(report.errors) == (3 if switches.get("step_errors_when_failed") else 1)
    with txncheck.expect_error(LinkSpent):
        txncheck.fetch_document(reference)


@pytest.mark.fault(27)
def test_treats_an_unknown_status_as_running(txncheck: TxncheckHarness) -> None:
    """An unknown word is never an end."""
    reference = txncheck.submit_type("full-check")
    txncheck.simulator.behave(statuses=("ARCHIVED", "Processing"))

    reports = [txncheck.provider.check(reference) for _ in range(2)]

    assert reports == [
        StatusReport(phase=Phase.RUNNING, unknown_word=word, webhook_status="PENDING")
        for word in ("ARCHIVED", "PROCESSING")
    ]


@pytest.mark.fault(32)
def test_finds_a_request_that_was_unknown_at_first(txncheck: TxncheckHarness) -> None:
    """A 404 may come straight after the 202."""
    txncheck.simulator.behave(seconds_unknown=1.0)
    reference = txncheck.submit_type("full-check")

    with txncheck.expect_error(ProviderLostJob):
        txncheck.provider.check(reference)
    txncheck.simulator.clock.advance(1)

    assert txncheck.provider.check(reference).phase is Phase.QUEUED


@pytest.mark.fault(32)
def test_raises_lost_job_for_an_expired_request(txncheck: TxncheckHarness) -> None:
    """How long results are kept is not published."""
    txncheck.simulator.behave(retention_seconds=60.0)
    reference = txncheck.submit_type("full-check")
    txncheck.simulator.clock.advance(61)

    with txncheck.expect_error(ProviderLostJob):
        txncheck.fetch_document(reference)


@pytest.mark.fault(24)
def test_refuses_the_answer_for_another_request(txncheck: TxncheckHarness) -> None:
    """Another verdict would be stored under this person's name."""
    reference = txncheck.submit_type("full-check")
    txncheck.finish()
    other = Answer.edited(lambda answer: {**answer, "requestId": reference[::-1]})
    txncheck.script("check", other)

    with txncheck.expect_error(AnswerMismatch):
        txncheck.provider.check(reference)
    with txncheck.expect_error(AnswerMismatch):
        txncheck.fetch_document(reference, other)
