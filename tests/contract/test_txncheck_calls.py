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
from local.simulators.txncheck import UNKNOWNS
from tests.contract.sources import AtHand
from tests.contract.txncheck_harness import ACCOUNT, BODIES, IFSC, VPA, TxncheckBench

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
    "upi_has_old_shape": (False, True),
    "bank_extras": ({}, {"nameAtBank": "ASHA", "new": "1"}),
    "bank_takes_async": (True,),
    "bulk_method": ("vpa-chargeback-check", ""),
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
    txncheck: TxncheckBench, type_: str, switch: str, value: object
) -> None:
    """Nobody has seen which way it stands; it must not matter."""
    txncheck.simulator.behave(**{switch: value})
    reference = txncheck.ask(type_)
    txncheck.simulator.clock.advance(200_000)

    look = txncheck.provider.check(reference)
    document = txncheck.document(reference)

    assert replace(look, finished_at=0) == StatusReport(
        phase=Phase.FINISHED, kinds=("result",)
    )
    assert document["status"] == "COMPLETED"
    expected = _RESULTS[type_]
    if txncheck.simulator.behaviour.upi_has_old_shape and type_ == "upi-by-mobile":
        expected = {"name", "upi", "status"}
    assert set(document["result"]) == expected
    assert (document["stepStatuses"] != {}) == (type_ == "full-check")
    assert document["errors"] == {}


def test_is_paid_once_for_a_bulk_request(txncheck: TxncheckBench) -> None:
    """Many VPAs go into one request, with one id."""
    txncheck.ask("bulk-vpa-chargeback-check", vpas=[VPA] * 100)

    (accepted,) = txncheck.simulator.accepted
    assert (accepted.method, accepted.item_count) == ("bulk/vpa-chargeback-check", 100)


def test_asks_about_what_the_file_says(txncheck: TxncheckBench) -> None:
    """The answer is about the account that was asked about."""
    reference = txncheck.ask("bank-verification-pennyless")
    txncheck.finish()

    found = txncheck.document(reference)["result"]["bankVerification"]

    assert (found["accountNumber"], found["ifsc"]) == (ACCOUNT, IFSC)


def test_sends_async_to_the_bank_verification_where_it_is_set(
    txncheck: TxncheckBench,
) -> None:
    """An API that takes it gets it; one that does not refuses the field."""
    provider = txncheck.configured(bank_async=True)
    type_ = "bank-verification-pennyless"
    body = AtHand(_file(type_))

    with txncheck.fails(ProviderRejected):
        provider.submit("our-name", type_, body)
    txncheck.simulator.behave(bank_takes_async=True)

    assert provider.submit("our-name", type_, body)


def _file(type_: str) -> bytes:
    return json.dumps(BODIES[type_]).encode()


def test_asks_for_the_newer_name_where_it_is_required(txncheck: TxncheckBench) -> None:
    """The setting decides what is worth sending."""
    provider = txncheck.configured(upi_name="required")

    with txncheck.fails(RequestInvalid):
        provider.submit("our-name", "upi-by-mobile", AtHand(_file("kyc-by-mobile")))

    assert provider.submit("our-name", "upi-by-mobile", AtHand(_file("full-check")))
