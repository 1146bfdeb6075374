"""The status of a request follows the clock, and it ends by a known rule."""

import re
from typing import Any

import pytest

from local.simulators.txncheck import RequestOutcome, TxncheckSimulator
from tests.simulators.api_client import (
    BUSINESS_ERROR,
    COMPLETED,
    PARTIAL,
    TEMPORARY,
    TxncheckClient,
)

STEPS = {"upiByMobile", "kycByMobile", "vpaChargebackCheck"}


@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        (0, "QUEUED"),
        (1.9, "QUEUED"),
        (2, "PROCESSING"),
        (9.9, "PROCESSING"),
        (10, "COMPLETED"),
    ],
)
def test_follows_the_clock(
    caller: TxncheckClient, txncheck: TxncheckSimulator, seconds: float, status: str
) -> None:
    """The words come in the documented order, without waiting."""
    request_id = caller.submitted()

    txncheck.clock.advance(seconds)

    assert caller.status(request_id)["status"] == status
    (accepted,) = txncheck.accepted
    assert (accepted.status, accepted.polls) == (status, 1)


def test_omits_what_does_not_apply_yet(caller: TxncheckClient) -> None:
    """What does not apply yet is left out, as in the documented examples."""
    assert caller.status(caller.submitted()) == {
        "requestId": caller.txncheck.accepted[0].id,
        "method": "kyc-by-mobile",
        "status": "QUEUED",
        "createdAt": "2025-06-15T15:06:40.000Z",
        "webhookStatus": "PENDING",
    }


def test_has_the_time_of_the_end(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """The end is that of the work, however late somebody asks."""
    request_id = caller.ended()
    txncheck.clock.advance(1000)

    assert caller.status(request_id)["completedAt"] == "2025-06-15T15:06:50.000Z"


@pytest.mark.parametrize(
    ("method", "path", "keys"),
    [
        ("upi-by-mobile", ["upiByMobile"], {"name", "vpas", "status"}),
        (
            "kyc-by-mobile",
            [],
            {"fullName", "pan", "maskedAadhaar", "dob", "status"},
        ),
        ("vpa-chargeback-check", [], {"blocklisted", "clean", "summary"}),
        ("bulk/vpa-chargeback-check", [], {"blocklisted", "clean", "summary"}),
        ("full-check", [], STEPS),
        (
            "bank-verification-pennyless",
            ["bankVerification"],
            {"accountNumber", "ifsc", "status"},
        ),
    ],
)
def test_has_the_documented_result(
    caller: TxncheckClient, method: str, path: list[str], keys: set[str]
) -> None:
    """Each method has a shape of its own."""
    document = caller.status(caller.ended(method))

    found = document["result"]
    for name in path:
        found = found[name]
    assert document["status"] == "COMPLETED"
    assert set(found) == keys
    assert "error" not in document
    assert ("stepStatuses" in document) is (method == "full-check")


@pytest.mark.parametrize(("old", "vpas"), [(True, "upi"), (False, "vpas")])
def test_has_two_shapes_for_upi(
    caller: TxncheckClient, txncheck: TxncheckSimulator, old: bool, vpas: str
) -> None:
    """Both are documented, and which one comes is unknown."""
    txncheck.behave(upi_has_old_shape=old)

    result = caller.status(caller.ended("upi-by-mobile"))["result"]
    step = caller.status(caller.ended("full-check"))["result"]["upiByMobile"]

    alone = result if old else result["upiByMobile"]
    assert set(alone) == {"name", vpas, "status"}
    assert step == alone


def test_blocklists_vpas_whose_name_ends_with_a_nine(caller: TxncheckClient) -> None:
    """The summary adds up."""
    result = caller.status(caller.ended("bulk/vpa-chargeback-check"))["result"]

    assert result == {
        "blocklisted": ["b9@sample"],
        "clean": ["asha@invented"],
        "summary": {"total": 2, "blocklisted": 1, "clean": 1},
    }


def test_names_the_bulk_call_by_a_switch(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """No example of its status was ever seen."""
    txncheck.behave(bulk_method="vpa-chargeback-check-bulk")

    document = caller.status(caller.submitted("bulk/vpa-chargeback-check"))

    assert document["method"] == "vpa-chargeback-check-bulk"


def test_has_more_fields_of_a_bank_by_a_switch(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """Nothing but the number and the IFSC is known."""
    txncheck.behave(bank_extras={"nameAtBank": "ASHA EXAMPLE"})

    document = caller.status(caller.ended("bank-verification-pennyless"))

    assert document["result"]["bankVerification"] == {
        "accountNumber": "000123456780",
        "ifsc": "ABCD0123456",
        "nameAtBank": "ASHA EXAMPLE",
    }


def test_results_are_invented_the_same_way_each_time(caller: TxncheckClient) -> None:
    """A test can expect them, and they are no person's."""
    one, same, different = (
        caller.status(caller.ended(mobile=mobile))["result"]
        for mobile in (COMPLETED, COMPLETED, "+919000000002")
    )

    assert one == same != different
    assert re.fullmatch(r"[A-Z]{5}[0-9]{4}[A-Z]", one["pan"])
    assert re.fullmatch(r"X{8}[0-9]{4}", one["maskedAadhaar"])
    assert re.fullmatch(r"19[0-9]{2}-[0-9]{2}-[0-9]{2}", one["dob"])


# How it ends


@pytest.mark.parametrize(
    ("mobile", "full", "alone"),
    [(f"+91900000000{digit}", "COMPLETED", "COMPLETED") for digit in range(7)]
    + [
        (PARTIAL, "PARTIAL", "COMPLETED"),
        (TEMPORARY, "FAILED", "FAILED"),
        (BUSINESS_ERROR, "FAILED", "FAILED"),
    ],
)
def test_ends_by_the_last_digit(
    caller: TxncheckClient, mobile: str, full: str, alone: str
) -> None:
    """Tests and demos choose an end by choosing a number."""
    checked = caller.status(caller.ended("full-check", mobile=mobile))
    known = caller.status(caller.ended("kyc-by-mobile", mobile=mobile))

    assert (checked["status"], known["status"]) == (full, alone)


def test_ends_by_the_account_number_too(caller: TxncheckClient) -> None:
    """It is what a bank verification asks about."""
    document = caller.status(
        caller.ended("bank-verification-pennyless", accountNumber="123456789")
    )

    assert document["error"]["class"] == "PROVIDER_BUSINESS_ERROR"


@pytest.mark.parametrize(
    ("mobile", "class_", "switch"),
    [
        (BUSINESS_ERROR, "PROVIDER_BUSINESS_ERROR", "business_class"),
        (TEMPORARY, "PROVIDER_TEMPORARY", "temporary_class"),
    ],
)
def test_fails_with_a_class(
    caller: TxncheckClient,
    txncheck: TxncheckSimulator,
    mobile: str,
    class_: str,
    switch: str,
) -> None:
    """Two classes are known of an open set; the HTTP status is good."""
    request_id = caller.ended(mobile=mobile)
    answer = caller.call("GET", f"requests/{request_id}")

    assert answer.status_code == 200
    assert answer.json()["error"]["class"] == class_
    assert "result" not in answer.json()
    txncheck.behave(**{switch: "SOMETHING_NEW"})
    assert caller.status(request_id)["error"]["class"] == "SOMETHING_NEW"


def test_ends_partly(caller: TxncheckClient) -> None:
    """The steps that worked have results, the one that did not has an error."""
    document = caller.status(caller.ended("full-check", mobile=PARTIAL))

    assert document["stepStatuses"] == {
        "upiByMobile": "ok",
        "kycByMobile": "failed",
        "vpaChargebackCheck": "ok",
    }
    assert set(document["result"]) == STEPS - {"kycByMobile"}
    assert set(document["error"]) == {"kycByMobile"}
    assert document["error"]["kycByMobile"]["class"] == "PROVIDER_TEMPORARY"


@pytest.mark.parametrize(
    ("by_step", "keys"), [(False, {"class", "message"}), (True, STEPS)]
)
def test_fails_in_every_step(
    caller: TxncheckClient, txncheck: TxncheckSimulator, by_step: bool, keys: set[str]
) -> None:
    """Whether the errors of a failed full-check are by step is unknown."""
    txncheck.behave(step_errors_when_failed=by_step)

    document = caller.status(caller.ended("full-check", mobile=BUSINESS_ERROR))

    assert set(document["error"]) == keys
    assert set(document["stepStatuses"].values()) == {"failed"}


@pytest.mark.parametrize(
    ("end", "full", "alone"),
    [
        (RequestOutcome.COMPLETED, "COMPLETED", "COMPLETED"),
        (RequestOutcome.PARTIAL, "PARTIAL", "COMPLETED"),
        (RequestOutcome.BUSINESS_ERROR, "FAILED", "FAILED"),
        (RequestOutcome.TEMPORARY, "FAILED", "FAILED"),
    ],
)
def test_ends_as_the_switch_says(
    caller: TxncheckClient,
    txncheck: TxncheckSimulator,
    end: RequestOutcome,
    full: str,
    alone: str,
) -> None:
    """Whatever the number; only a full-check has parts."""
    txncheck.behave(ends=end)

    checked = caller.status(caller.ended("full-check", mobile=BUSINESS_ERROR))
    known = caller.status(caller.ended("kyc-by-mobile", mobile=BUSINESS_ERROR))

    assert (checked["status"], known["status"]) == (full, alone)


def test_an_end_is_final(caller: TxncheckClient, txncheck: TxncheckSimulator) -> None:
    """Switches that change later must not bring an ended request back."""
    request_id = caller.ended()
    before = caller.status(request_id)

    txncheck.behave(ends=RequestOutcome.TEMPORARY, seconds_processing=1000.0)

    assert caller.status(request_id) == before


# What else may be said


def test_answers_scripted_status_words(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """Each status call uses up one word, and the last one stays."""
    request_id = caller.ended()

    txncheck.behave(statuses=("QUEUED", "WEIRD", "FAILED"))

    answers: list[dict[str, Any]] = [caller.status(request_id) for _call in range(4)]
    words = [answer["status"] for answer in answers]
    assert words == ["QUEUED", "WEIRD", "FAILED", "FAILED"]
    assert [("completedAt" in answer) for answer in answers] == [
        False,
        False,
        True,
        True,
    ]
    assert "error" in answers[-1]
    txncheck.behave(statuses=("COMPLETED",))
    assert "result" in caller.status(request_id)


def test_answers_404_for_a_new_request_by_a_switch(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """What is stored in two places may be missing in one for a moment."""
    txncheck.behave(seconds_unknown=1.0)
    path = f"requests/{caller.submitted()}"

    assert caller.call("GET", path).status_code == 404
    txncheck.clock.advance(1)
    assert caller.call("GET", path).status_code == 200


def test_drops_requests_after_the_retention(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """How long results are kept is unknown; what was paid stays paid."""
    txncheck.behave(retention_seconds=100.0)
    path = f"requests/{caller.submitted()}"
    txncheck.clock.advance(99)
    assert caller.call("GET", path).status_code == 200

    txncheck.clock.advance(1)

    assert caller.call("GET", path).json() == {
        "statusCode": 404,
        "message": "Request not found",
        "error": "Not Found",
    }
    assert len(txncheck.accepted) == 1


@pytest.mark.parametrize(
    "request_id", ["1", "x" * 1000, "..%2F..", "550e8400-e29b-41d4-a716-446655440000"]
)
def test_refuses_unknown_ids(caller: TxncheckClient, request_id: str) -> None:
    """Of another merchant, or of nobody: the answer is the same."""
    assert caller.status(request_id)["message"] == "Request not found"


def test_ids_are_the_same_each_time(caller: TxncheckClient) -> None:
    """A failing test shows the same ids when it is run again."""
    first = caller.submitted()
    caller.txncheck.reset()

    assert first == "e3e70682-c209-4cac-a29f-6fbed82c07cd"
    assert caller.submitted() != first  # which who shares a simulator still knows
