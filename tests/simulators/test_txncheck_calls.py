"""TxnCheck accepts documented calls, and refuses all others."""

import json
from typing import Any

import pytest
import requests

from local.simulators.txncheck import (
    Answer,
    CallLimit,
    TxncheckSimulator,
)
from local.simulators.txncheck.validation import METHODS
from tests.simulators.api_client import (
    BODIES,
    BUSINESS_ERROR,
    COMPLETED,
    KEY,
    TxncheckClient,
)

each_method = pytest.mark.parametrize("method", BODIES)


def test_every_method_is_tried() -> None:
    """The tests of this module go through the bodies that the client knows."""
    assert set(BODIES) == set(METHODS)


@each_method
def test_accepts_the_good_body(
    caller: TxncheckClient, txncheck: TxncheckSimulator, method: str
) -> None:
    """202 and an id; the bulk call says how many items instead of a statusCode."""
    answer = caller.post(method)

    document = answer.json()
    (accepted,) = txncheck.accepted
    assert answer.status_code == 202
    assert document["requestId"] == accepted.id
    assert document["status"] == "QUEUED"
    assert accepted.method == method
    assert accepted.created_at == txncheck.clock.now()
    if method.startswith("bulk/"):
        assert "statusCode" not in document
        assert document["itemCount"] == accepted.item_count == 2
    else:
        assert document["statusCode"] == 202
        assert accepted.item_count == 1


@pytest.mark.parametrize(
    ("method", "field", "values"),
    [
        ("upi-by-mobile", "name", ["Asha", "é"]),
        ("kyc-by-mobile", "async", [True]),
        ("vpa-chargeback-check", "vpas", [["a.b-c_1@x"], ["a@b"] * 100]),
        ("bank-verification-pennyless", "accountNumber", ["1" * 9, "0" * 18]),
        ("bank-verification-pennyless", "ifscNumber", ["ABCD0EFGH12"]),
    ],
)
def test_accepts_what_is_at_the_limit(
    caller: TxncheckClient, method: str, field: str, values: list[Any]
) -> None:
    """An adapter that refuses more than the provider would lose its caller's rows."""
    for value in values:
        assert caller.submitted(method, **{field: value})


@pytest.mark.parametrize(
    ("method", "field", "values"),
    [
        (
            "kyc-by-mobile",
            "mobile",
            [
                "9000000001",
                "+91900000000",
                "+9190000000011",
                "+929000000001",
                "+91900000000१",
                "+919000000001\n",
                " +919000000001",
                919000000001,
                None,
                "",
            ],
        ),
        ("full-check", "name", ["", " ", None, 7]),
        (
            "vpa-chargeback-check",
            "vpas",
            [
                [],
                ["a@b"] * 101,
                "a@b",
                ["a"],
                ["a@"],
                ["@b"],
                ["a b@c"],
                ["a@b@c"],
                ["a@b", None],
                None,
            ],
        ),
        (
            "bank-verification-pennyless",
            "accountNumber",
            [
                "1" * 8,
                "1" * 19,
                "12345678a",
                "१" * 9,
                "123456789x",
                "123 456 789",
                123456789,
            ],
        ),
        (
            "bank-verification-pennyless",
            "ifscNumber",
            ["abcd0123456", "ABCD1123456", "ABC0123456", "ABCD01234567", ""],
        ),
        ("kyc-by-mobile", "async", ["false", 0, None, False]),
        ("kyc-by-mobile", "webhookUrl", ["http://127.0.0.1/"]),
        ("kyc-by-mobile", "name", ["Asha"]),
        ("bank-verification-pennyless", "async", [True]),
    ],
)
def test_refuses_what_is_not_documented(
    caller: TxncheckClient,
    txncheck: TxncheckSimulator,
    method: str,
    field: str,
    values: list[Any],
) -> None:
    """The sentence names the field, never the value; nothing is paid."""
    for value in values:
        answer = caller.post(method, **{field: value})

        document = answer.json()
        assert answer.status_code == document["statusCode"] == 400
        assert document["error"] == "Bad Request"
        assert field in document["message"]
        assert "http:" not in document["message"]
    assert txncheck.accepted == []


@each_method
def test_needs_every_field(
    caller: TxncheckClient, txncheck: TxncheckSimulator, method: str
) -> None:
    """Only the name of an upi-by-mobile may be left out."""
    for field in BODIES[method]:
        body = {name: each for name, each in BODIES[method].items() if name != field}

        answer = caller.call("POST", method, json=body)

        optional = (method, field) == ("upi-by-mobile", "name")
        assert answer.status_code == (202 if optional else 400)
    assert len(txncheck.accepted) == (method == "upi-by-mobile")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"{", "application/json"),
        (b"\xff", "application/json"),
        (b"[]", "application/json"),
        (b"", "application/json"),
        (b"[" * 100_000, "application/json"),
        (json.dumps(BODIES["kyc-by-mobile"]).encode(), "text/plain"),
        (b"mobile=%2B919000000001", "application/x-www-form-urlencoded"),
    ],
)
def test_reads_json_only(
    caller: TxncheckClient, content: bytes, content_type: str
) -> None:
    """A form that happens to work here might not work there."""
    headers = {"X-API-Key": KEY, "Content-Type": content_type}

    answer = caller.call("POST", "kyc-by-mobile", headers=headers, data=content)

    assert answer.status_code == 400


def test_reads_no_body_without_a_length(caller: TxncheckClient) -> None:
    """The documentation's clients all send one."""
    answer = caller.call("POST", "kyc-by-mobile", data=iter([b"{}"]))

    assert answer.status_code == 411


def test_reads_no_endless_body(caller: TxncheckClient) -> None:
    """A simulator holds bodies in memory."""
    answer = caller.call("POST", "kyc-by-mobile", data=b" " * (1024 * 1024 + 1))

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "pan-by-mobile"),
        ("POST", "kyc-by-mobile/"),
        ("GET", "kyc-by-mobile"),
        ("GET", "requests"),
        ("GET", "requests/"),
        ("GET", "requests/a/b"),
        ("DELETE", "requests/a"),
        ("POST", "../v2/kyc-by-mobile"),
        ("POST", "../../x/api/v1/kyc-by-mobile"),
    ],
)
def test_answers_404_at_any_other_address(
    caller: TxncheckClient, txncheck: TxncheckSimulator, method: str, path: str
) -> None:
    """A typing error in an adapter must not look like an unknown request."""
    document = caller.call(method, path).json()

    assert document["statusCode"] == 404
    assert document["message"] != "Request not found"
    assert txncheck.requests[-1].call == ""


def test_needs_the_key(caller: TxncheckClient, txncheck: TxncheckSimulator) -> None:
    """The sentences are documented."""
    path = f"requests/{caller.submitted()}"

    missing = caller.call("GET", path, headers={})
    wrong = caller.call("POST", "kyc-by-mobile", headers={"X-API-Key": "wrong"})
    assert (missing.status_code, missing.json()["message"]) == (
        401,
        "Missing X-API-Key header",
    )
    assert wrong.json() == {
        "statusCode": 401,
        "message": "Invalid API key",
        "error": "Unauthorized",
    }

    txncheck.rotate_key("another")
    assert caller.call("GET", path).status_code == 401
    rotated = caller.call("GET", path, headers={"X-API-Key": "another"})
    assert rotated.status_code == 200


@pytest.mark.parametrize(
    ("switches", "status", "message"),
    [
        ({"active": False}, 403, "Merchant account is deactivated"),
        ({"address_allowed": False}, 403, "IP address not allowed"),
        (
            {"methods_allowed": frozenset({"full-check"})},
            403,
            "Method not allowed for this merchant",
        ),
        ({"balance": 0}, 402, "Insufficient balance"),
    ],
)
def test_refuses_by_the_account(
    caller: TxncheckClient,
    txncheck: TxncheckSimulator,
    switches: dict[str, Any],
    status: int,
    message: str,
) -> None:
    """Good calls may be refused for reasons that no request can mend."""
    txncheck.behave(**switches)

    answer = caller.post("kyc-by-mobile")

    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert txncheck.accepted == []


def test_counts_items_towards_the_balance(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """A bulk call is paid by the VPA, wholly or not at all."""
    txncheck.behave(balance=3)

    statuses = [caller.post("bulk/vpa-chargeback-check").status_code for _ in "ab"]

    assert statuses == [202, 402]
    assert caller.submitted()
    assert sum(each.item_count for each in txncheck.accepted) == 3


@pytest.mark.parametrize(
    ("posts_only", "statuses"),
    [(False, [202, 200, 429, 429]), (True, [202, 200, 202, 200])],
)
@pytest.mark.parametrize("retry_after", [None, "30"])
def test_limits_the_rate(
    caller: TxncheckClient,
    txncheck: TxncheckSimulator,
    posts_only: bool,
    statuses: list[int],
    retry_after: str | None,
) -> None:
    """Ten a minute is all that was ever said, and not of which calls."""
    txncheck.behave(
        rate_limit=CallLimit(calls=2, retry_after=retry_after, posts_only=posts_only)
    )
    request_id = ""
    answers = []
    for _time in range(2):
        answers.append(caller.post("kyc-by-mobile"))
        request_id = request_id or answers[0].json()["requestId"]
        answers.append(caller.call("GET", f"requests/{request_id}"))

    assert [answer.status_code for answer in answers] == statuses
    over = caller.post("kyc-by-mobile")
    assert over.status_code == 429
    assert over.headers.get("Retry-After") == retry_after
    txncheck.clock.advance(60)
    assert caller.post("kyc-by-mobile").status_code == 202


def test_limits_with_another_status(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """429 is usual, and no more than that."""
    txncheck.behave(rate_limit=CallLimit(calls=0, status=503))

    assert caller.post("kyc-by-mobile").status_code == 503


def test_writes_messages_as_lists(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """Validation often has several sentences at once."""
    one = caller.post("full-check", mobile="x", name="").json()["message"]
    txncheck.behave(message_lists=True)
    several = caller.post("full-check", mobile="x", name="").json()["message"]

    assert one == "; ".join(several)
    assert len(several) == 2


def test_echoes_input_if_the_switch_says_so(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """Messages may repeat personal data, which must then not be logged."""
    txncheck.behave(echoes_input=True)
    failed = caller.status(caller.ended(mobile=BUSINESS_ERROR))

    assert "+91secret" in caller.post("kyc-by-mobile", mobile="+91secret").text
    assert BUSINESS_ERROR in failed["error"]["message"]


def test_takes_async_for_banks_if_the_switch_says_so(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """The documented body of bank-verification has no such field."""
    txncheck.behave(bank_takes_async=True)

    answer = caller.post("bank-verification-pennyless", **{"async": True})

    assert answer.status_code == 202


# Scripts and records


def test_answers_by_script(caller: TxncheckClient, txncheck: TxncheckSimulator) -> None:
    """A call that was carried out may look as if it had not been."""
    txncheck.script("submit", [Answer.http(500), Answer.dropped_after()])
    txncheck.script("check", [Answer.html(502)])

    assert caller.post("kyc-by-mobile").status_code == 500
    assert txncheck.accepted == []
    with pytest.raises(requests.ConnectionError):
        caller.post("kyc-by-mobile")
    (paid,) = txncheck.accepted
    assert txncheck.unused == 1
    assert caller.call("GET", f"requests/{paid.id}").status_code == 502
    assert caller.status(paid.id)["status"] == "QUEUED"
    assert txncheck.unused == 0
    with pytest.raises(ValueError, match="none of"):
        txncheck.script("upload", [])


def test_records_requests_without_secrets(
    caller: TxncheckClient, txncheck: TxncheckSimulator
) -> None:
    """What is recorded ends up in the output of failing tests."""
    request_id = caller.submitted("full-check")
    headers = {"X-API-Key": KEY, "X-Signature": "s" * 64, "X-Timestamp": "1"}
    caller.call("GET", f"requests/{request_id}", headers=headers)
    caller.call("GET", f"kyc-by-mobile/{COMPLETED}", params={"mobile": COMPLETED})

    submit, check, other = txncheck.requests
    assert [each.call for each in txncheck.requests] == ["submit", "check", ""]
    assert submit.path == "/api/v1/full-check"
    assert submit.content_length
    assert submit.key_in == {"header"}
    assert "x-signature" not in submit.headers
    assert check.path == f"/api/v1/requests/{request_id}"
    assert check.headers["x-signature"] == "<hidden>"
    assert other.query == {"mobile": "<hidden>"}
    shown = repr((txncheck.requests, txncheck.accepted))
    for secret in (KEY, "s" * 64, COMPLETED.removeprefix("+"), "Asha"):
        assert secret not in shown
