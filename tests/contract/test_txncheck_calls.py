"""TxnCheck: every call returns its result, whichever way the unknowns turn out."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from functions.core.errors import (
    ProviderRejected,
    RequestInvalid,
)
from functions.core.model import Phase, StatusReport
from local.simulators.txncheck import UNKNOWNS
from tests.contract.sources import submit
from tests.contract.txncheck_harness import ACCOUNT, BODIES, IFSC, VPA, TxncheckHarness

#: Fields of each type's result, as documented.
_RESULTS: Mapping[str, set[str]] = {
    "upi-by-mobile": {"upiByMobile"},
    "kyc-by-mobile": {"fullName", "pan", "maskedAadhaar", "dob", "status"},
    "vpa-chargeback-check": {"blocklisted", "clean", "summary"},
    "bulk-vpa-chargeback-check": {"blocklisted", "clean", "summary"},
    "full-check": {"upiByMobile", "kycByMobile", "vpaChargebackCheck"},
    "bank-verification-pennyless": {"bankVerification"},
}

#: Every result is fetched for any of these values.
_ANY_VALUE: dict[str, tuple[object, ...]] = {
    "seconds_queued": (0.0, 100.0),
    "seconds_processing": (0.0, 0.5, 100_000.0),
    "upi_has_old_shape": (False, True),
    "bank_extras": ({}, {"nameAtBank": "ASHA", "new": "1"}),
    "bank_takes_async": (True,),
    "bulk_method": ("vpa-chargeback-check", ""),
    "message_lists": (True,),
    "echoes_input": (True,),
}
#: Each of these has a test of its own.
_TESTED_ALONE = {
    "seconds_unknown",
    "calls_needing_credits",
    "retention_seconds",
    "rate_limit",
    "business_class",
    "temporary_class",
    "step_errors_when_failed",
}


def test_covers_every_unknown() -> None:
    """A switch that is added to the simulator must be tested here."""
    of_calls = {name for name in UNKNOWNS if not name.startswith("webhook")}

    assert set(_ANY_VALUE) | _TESTED_ALONE == of_calls


@pytest.mark.parametrize("type_", BODIES)
@pytest.mark.parametrize(
    ("switch", "value"),
    [
        pytest.param(switch, value, id=f"{switch}={value}")
        for switch, values in _ANY_VALUE.items()
        for value in values
    ],
)
def test_fetches_the_result_of_every_call_for_any_value(
    txncheck: TxncheckHarness, type_: str, switch: str, value: object
) -> None:
    """The value is not documented, so it must not matter."""
    txncheck.simulator.behave(**{switch: value})
    reference = txncheck.submit_type(type_)
    txncheck.simulator.clock.advance(200_000)

    report = txncheck.provider.check(reference)
    document = txncheck.fetch_document(reference)

    assert replace(report, provider_finished_at=0) == StatusReport(
        phase=Phase.FINISHED, kinds=("result",), webhook_status="PENDING"
    )
    assert document["status"] == "COMPLETED"
    expected = _RESULTS[type_]
    if txncheck.simulator.behaviour.upi_has_old_shape and type_ == "upi-by-mobile":
        expected = {"name", "upi", "status"}
    assert set(document["result"]) == expected
    assert (document["stepStatuses"] != {}) == (type_ == "full-check")
    assert document["errors"] == {}


def test_is_paid_once_for_a_bulk_request(txncheck: TxncheckHarness) -> None:
    """Many VPAs go into one request with one id."""
    txncheck.submit_type("bulk-vpa-chargeback-check", vpas=[VPA] * 100)

    (accepted,) = txncheck.simulator.accepted
    assert (accepted.method, accepted.item_count) == ("bulk/vpa-chargeback-check", 100)


def test_sends_the_values_of_the_file(txncheck: TxncheckHarness) -> None:
    """The answer is about the account in the file."""
    reference = txncheck.submit_type("bank-verification-pennyless")
    txncheck.finish()

    found = txncheck.fetch_document(reference)["result"]["bankVerification"]

    assert (found["accountNumber"], found["ifsc"]) == (ACCOUNT, IFSC)


def test_sends_async_to_the_bank_verification_where_it_is_set(
    txncheck: TxncheckHarness,
) -> None:
    """An API that knows the field gets it; one that does not refuses it."""
    provider = txncheck.provider_with(bank_async=True)
    type_ = "bank-verification-pennyless"
    body = txncheck.source(type_)

    with txncheck.expect_error(ProviderRejected):
        submit(provider, "our-name", type_, body)
    txncheck.simulator.behave(bank_takes_async=True)

    assert submit(provider, "our-name", type_, body)


def test_requires_the_name_where_it_is_set(
    txncheck: TxncheckHarness,
) -> None:
    """The setting decides what is worth sending."""
    provider = txncheck.provider_with(upi_name="required")

    with txncheck.expect_error(RequestInvalid):
        submit(provider, "our-name", "upi-by-mobile", txncheck.source("kyc-by-mobile"))

    assert submit(provider, "our-name", "upi-by-mobile", txncheck.source("full-check"))
