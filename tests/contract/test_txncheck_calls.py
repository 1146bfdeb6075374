"""TxnCheck: every call there is brings back what it finds."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from functions.core.errors import (
    ProviderRejected,
    RequestInvalid,
)
from functions.core.model import Phase, StatusReport
from local.simulators.txncheck import (
    UNKNOWNS,
    Shape,
    SyncAnswer,
    SyncLate,
)
from tests.contract.sources import BytesSource
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

#: Whichever of these it is, every result comes back.
_HARMLESS: dict[str, tuple[object, ...]] = {
    "seconds_queued": (0.0, 100.0),
    "seconds_processing": (0.0, 0.5, 100_000.0),
    "upi_shape": tuple(Shape),
    "bank_extras": ({}, {"nameAtBank": "ASHA", "new": "1"}),
    "bank_takes_async": (True,),
    "bulk_method": ("vpa-chargeback-check", ""),
    "sync_answer": tuple(SyncAnswer),
    "sync_late": tuple(SyncLate),
    "message_lists": (True,),
    "echoes_input": (True,),
}
#: These are told apart below, each by a test of its own.
_TOLD_APART = {
    "seconds_unknown",
    "retention_seconds",
    "rate_limit",
    "business_class",
    "temporary_class",
    "step_errors_when_failed",
}


def test_leaves_out_no_unknown() -> None:
    """A switch that is added to the simulator must be tried here, too."""
    of_calls = {name for name in UNKNOWNS if not name.startswith("webhook")}

    assert set(_HARMLESS) | _TOLD_APART == of_calls


@pytest.mark.parametrize("type_", BODIES)
@pytest.mark.parametrize(
    ("switch", "value"),
    [
        pytest.param(switch, value, id=f"{switch}={value}")
        for switch, values in _HARMLESS.items()
        for value in values
    ],
)
def test_brings_back_what_every_call_finds(
    txncheck: TxncheckHarness, type_: str, switch: str, value: object
) -> None:
    """Nobody has seen which way it stands; it must not matter."""
    txncheck.simulator.behave(**{switch: value})
    reference = txncheck.submit_type(type_)
    txncheck.simulator.clock.advance(200_000)

    look = txncheck.provider.check(reference)
    document = txncheck.fetch_document(reference)

    assert replace(look, finished_at=0) == StatusReport(
        phase=Phase.FINISHED, kinds=("result",)
    )
    assert document["status"] == "COMPLETED"
    expected = _RESULTS[type_]
    if value is Shape.OLD and type_ == "upi-by-mobile":
        expected = {"name", "upi", "status"}
    assert set(document["result"]) == expected
    assert (document["stepStatuses"] != {}) == (type_ == "full-check")
    assert document["errors"] == {}


def test_is_paid_once_for_a_bulk_request(txncheck: TxncheckHarness) -> None:
    """Many VPAs go into one request, with one id."""
    txncheck.submit_type("bulk-vpa-chargeback-check", vpas=[VPA] * 100)

    (accepted,) = txncheck.simulator.accepted
    assert (accepted.method, accepted.item_count) == ("bulk/vpa-chargeback-check", 100)


def test_asks_about_what_the_file_says(txncheck: TxncheckHarness) -> None:
    """The answer is about the account that was asked about."""
    reference = txncheck.submit_type("bank-verification-pennyless")
    txncheck.finish()

    found = txncheck.fetch_document(reference)["result"]["bankVerification"]

    assert (found["accountNumber"], found["ifsc"]) == (ACCOUNT, IFSC)


def test_sends_async_to_the_bank_verification_where_it_is_set(
    txncheck: TxncheckHarness,
) -> None:
    """An API that takes it gets it; one that does not refuses the field."""
    provider = txncheck.provider_with(bank_async=True)
    type_ = "bank-verification-pennyless"
    body = BytesSource(_file(type_))

    with txncheck.expect_error(ProviderRejected):
        provider.submit("our-name", type_, body)
    txncheck.simulator.behave(bank_takes_async=True)

    assert provider.submit("our-name", type_, body)


def _file(type_: str) -> bytes:
    return json.dumps(BODIES[type_]).encode()


def test_asks_for_the_newer_name_where_it_is_required(
    txncheck: TxncheckHarness,
) -> None:
    """The setting decides what is worth sending."""
    provider = txncheck.provider_with(upi_name="required")

    with txncheck.expect_error(RequestInvalid):
        provider.submit(
            "our-name", "upi-by-mobile", BytesSource(_file("kyc-by-mobile"))
        )

    assert provider.submit(
        "our-name", "upi-by-mobile", BytesSource(_file("full-check"))
    )
