"""TxnCheck takes what is documented, and refuses everything else."""

import json
from typing import Any

import pytest
import requests

from local.simulators.txncheck import (
    Answer,
    Behaviour,
    Counts,
    RateLimit,
    RunningClock,
    SyncAnswer,
    SyncLate,
    TxncheckSimulator,
)
from local.simulators.txncheck.routes import Method
from tests.simulators.api_client import BODIES, FAILING, GOOD, KEY, PARTLY, Merchant

each_method = pytest.mark.parametrize("method", BODIES)


def test_every_method_is_tried() -> None:
    """The tests of this module go through the bodies that the client knows."""
    assert set(BODIES) == set(Method)


@each_method
def test_accepts_the_good_body(
    merchant: Merchant, txncheck: TxncheckSimulator, method: str
) -> None:
    """202 and an id; the bulk call says how many items instead of a statusCode."""
    answer = merchant.post(method)

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
    merchant: Merchant, method: str, field: str, values: list[Any]
) -> None:
    """An adapter that refuses more than the provider would lose its caller's rows."""
    for value in values:
        assert merchant.submitted(method, **{field: value})


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
        ("kyc-by-mobile", "async", ["false", 0, None]),
        ("kyc-by-mobile", "webhookUrl", ["http://127.0.0.1/"]),
        ("kyc-by-mobile", "name", ["Asha"]),
        ("bank-verification-pennyless", "async", [True]),
    ],
)
def test_refuses_what_is_not_documented(
    merchant: Merchant,
    txncheck: TxncheckSimulator,
    method: str,
    field: str,
    values: list[Any],
) -> None:
    """The sentence names the field, never the value; nothing is paid."""
    for value in values:
        answer = merchant.post(method, **{field: value})

        document = answer.json()
        assert answer.status_code == document["statusCode"] == 400
        assert document["error"] == "Bad Request"
        assert field in document["message"]
        assert "http:" not in document["message"]
    assert txncheck.accepted == []


@each_method
def test_needs_every_field(
    merchant: Merchant, txncheck: TxncheckSimulator, method: str
) -> None:
    """Only the name of an upi-by-mobile may be left out."""
    for field in BODIES[method]:
        body = {name: each for name, each in BODIES[method].items() if name != field}

        answer = merchant.call("POST", method, json=body)

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
def test_reads_json_only(merchant: Merchant, content: bytes, content_type: str) -> None:
    """A form that happens to work here might not work there."""
    headers = {"X-API-Key": KEY, "Content-Type": content_type}

    answer = merchant.call("POST", "kyc-by-mobile", headers=headers, data=content)

    assert answer.status_code == 400


def test_reads_no_body_without_a_length(merchant: Merchant) -> None:
    """The documentation's clients all send one."""
    answer = merchant.call("POST", "kyc-by-mobile", data=iter([b"{}"]))

    assert answer.status_code == 411


def test_reads_no_endless_body(merchant: Merchant) -> None:
    """A simulator holds bodies in memory."""
    answer = merchant.call("POST", "kyc-by-mobile", data=b" " * (1024 * 1024 + 1))

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
def test_knows_no_other_address(
    merchant: Merchant, txncheck: TxncheckSimulator, method: str, path: str
) -> None:
    """A typing error in an adapter must not look like an unknown request."""
    document = merchant.call(method, path).json()

    assert document["statusCode"] == 404
    assert document["message"] != "Request not found"
    assert txncheck.requests[-1].call == ""


def test_needs_the_key(merchant: Merchant, txncheck: TxncheckSimulator) -> None:
    """The sentences are documented."""
    path = f"requests/{merchant.submitted()}"

    missing = merchant.call("GET", path, headers={})
    wrong = merchant.call("POST", "kyc-by-mobile", headers={"X-API-Key": "wrong"})
    assert (missing.status_code, missing.json()["message"]) == (
        401,
        "Missing X-API-Key header",
    )
    assert wrong.json() == {
        "statusCode": 401,
        "message": "Invalid API key",
        "error": "Unauthorized",
    }

    txncheck.rotate_key("another", keep_old=True)
    assert merchant.call("GET", path).status_code == 200
    txncheck.rotate_key("another")
    assert merchant.call("GET", path).status_code == 401
    rotated = merchant.call("GET", path, headers={"X-API-Key": "another"})
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
    merchant: Merchant,
    txncheck: TxncheckSimulator,
    switches: dict[str, Any],
    status: int,
    message: str,
) -> None:
    """Good calls may be refused for reasons that no request can mend."""
    txncheck.behave(**switches)

    answer = merchant.post("kyc-by-mobile")

    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert txncheck.accepted == []


def test_counts_items_towards_the_balance(
    merchant: Merchant, txncheck: TxncheckSimulator
) -> None:
    """A bulk call is paid by the VPA, wholly or not at all."""
    txncheck.behave(balance=3)

    statuses = [merchant.post("bulk/vpa-chargeback-check").status_code for _ in "ab"]

    assert statuses == [202, 402]
    assert merchant.submitted()
    assert sum(each.item_count for each in txncheck.accepted) == 3


@pytest.mark.parametrize(
    ("counts", "statuses"),
    [
        (Counts.ALL, [202, 200, 429, 429]),
        (Counts.POSTS, [202, 200, 202, 200]),
    ],
)
@pytest.mark.parametrize("retry_after", [None, "30"])
def test_limits_the_rate(
    merchant: Merchant,
    txncheck: TxncheckSimulator,
    counts: Counts,
    statuses: list[int],
    retry_after: str | None,
) -> None:
    """Ten a minute is all that was ever said, and not of which calls."""
    txncheck.behave(
        rate_limit=RateLimit(2, 60.0, counts=counts, retry_after=retry_after)
    )
    request_id = ""
    answers = []
    for _time in range(2):
        answers.append(merchant.post("kyc-by-mobile"))
        request_id = request_id or answers[0].json()["requestId"]
        answers.append(merchant.call("GET", f"requests/{request_id}"))

    assert [answer.status_code for answer in answers] == statuses
    over = merchant.post("kyc-by-mobile")
    assert over.status_code == 429
    assert over.headers.get("Retry-After") == retry_after
    txncheck.clock.advance(60)
    assert merchant.post("kyc-by-mobile").status_code == 202


def test_limits_with_another_status(
    merchant: Merchant, txncheck: TxncheckSimulator
) -> None:
    """429 is usual, and no more than that."""
    txncheck.behave(rate_limit=RateLimit(0, 60.0, status=503))

    assert merchant.post("kyc-by-mobile").status_code == 503


def test_writes_messages_as_lists(
    merchant: Merchant, txncheck: TxncheckSimulator
) -> None:
    """Validation often has several sentences at once."""
    one = merchant.post("full-check", mobile="x", name="").json()["message"]
    txncheck.behave(message_lists=True)
    several = merchant.post("full-check", mobile="x", name="").json()["message"]

    assert one == "; ".join(several)
    assert len(several) == 2


def test_echoes_input_if_the_switch_says_so(
    merchant: Merchant, txncheck: TxncheckSimulator
) -> None:
    """Messages may repeat personal data, which must then not be logged."""
    txncheck.behave(echoes_input=True)
    failed = merchant.look(merchant.ended(mobile=FAILING))

    assert "+91secret" in merchant.post("kyc-by-mobile", mobile="+91secret").text
    assert FAILING in failed["error"]["message"]


def test_takes_async_for_banks_if_the_switch_says_so(
    merchant: Merchant, txncheck: TxncheckSimulator
) -> None:
    """The documented body of bank-verification has no such field."""
    txncheck.behave(bank_takes_async=True)

    answer = merchant.post("bank-verification-pennyless", **{"async": False})

    assert answer.status_code == 200


# Synchronous calls


@pytest.mark.parametrize(
    ("shape", "keys"),
    [
        (SyncAnswer.RESULT, {"fullName", "pan", "maskedAadhaar", "dob", "status"}),
        (
            SyncAnswer.DOCUMENT,
            {
                "requestId",
                "method",
                "status",
                "result",
                "createdAt",
                "completedAt",
                "webhookStatus",
            },
        ),
    ],
)
def test_answers_at_once_when_asked_to(
    merchant: Merchant,
    txncheck: TxncheckSimulator,
    shape: SyncAnswer,
    keys: set[str],
) -> None:
    """200 with the result is documented, the shape around it is not."""
    txncheck.behave(sync_answer=shape)

    answer = merchant.post("kyc-by-mobile", **{"async": False})

    assert answer.status_code == 200
    assert set(answer.json()) == keys
    assert txncheck.accepted[0].status == "COMPLETED"


def test_says_at_once_how_it_failed(
    merchant: Merchant, txncheck: TxncheckSimulator
) -> None:
    """A failure has no result to be answered with."""
    txncheck.behave(sync_answer=SyncAnswer.RESULT)

    answer = merchant.post("full-check", mobile=PARTLY, **{"async": False})

    assert answer.json()["status"] == "PARTIAL"


@pytest.mark.parametrize(
    ("late", "status"), [(SyncLate.ACCEPTED, 202), (SyncLate.GATEWAY_TIMEOUT, 504)]
)
def test_gives_up_waiting(
    merchant: Merchant, txncheck: TxncheckSimulator, late: SyncLate, status: int
) -> None:
    """What is said past 30 seconds is unknown; the request goes on, and is paid."""
    txncheck.behave(seconds_processing=29.0, sync_late=late)

    answer = merchant.post("kyc-by-mobile", **{"async": False})

    assert answer.status_code == status
    assert [each.status for each in txncheck.accepted] == ["QUEUED"]
    txncheck.clock.advance(31)
    assert [each.status for each in txncheck.accepted] == ["COMPLETED"]


def test_lets_a_synchronous_caller_wait() -> None:
    """By a clock that runs the work takes its time."""
    behaviour = Behaviour(seconds_queued=0.0, seconds_processing=0.05)
    with TxncheckSimulator.started(
        api_key=KEY, clock=RunningClock(), behaviour=behaviour
    ) as txncheck:
        merchant = Merchant(txncheck)
        answer = merchant.post("kyc-by-mobile", **{"async": False})
        merchant.session.close()

    assert answer.json()["status"] == "COMPLETED"
    assert answer.elapsed.total_seconds() >= 0.05


# Scripts and records


def test_answers_by_script(merchant: Merchant, txncheck: TxncheckSimulator) -> None:
    """A call that was carried out may look as if it had not been."""
    txncheck.script("submit", [Answer.http(500), Answer.dropped_after()])
    txncheck.script("check", [Answer.html(502)])

    assert merchant.post("kyc-by-mobile").status_code == 500
    assert txncheck.accepted == []
    with pytest.raises(requests.ConnectionError):
        merchant.post("kyc-by-mobile")
    (paid,) = txncheck.accepted
    assert txncheck.unused == 1
    assert merchant.call("GET", f"requests/{paid.id}").status_code == 502
    assert merchant.look(paid.id)["status"] == "QUEUED"
    assert txncheck.unused == 0
    with pytest.raises(ValueError, match="none of"):
        txncheck.script("upload", [])


def test_records_requests_without_secrets(
    merchant: Merchant, txncheck: TxncheckSimulator
) -> None:
    """What is recorded ends up in the output of failing tests."""
    request_id = merchant.submitted("full-check")
    headers = {"X-API-Key": KEY, "X-Signature": "s" * 64, "X-Timestamp": "1"}
    merchant.call("GET", f"requests/{request_id}", headers=headers)
    merchant.call("GET", f"kyc-by-mobile/{GOOD}", params={"mobile": GOOD})

    submit, check, other = txncheck.requests
    assert [each.call for each in txncheck.requests] == ["submit", "check", ""]
    assert submit.api_method == "full-check"
    assert submit.content_length
    assert submit.key_in == {"header"}
    assert not submit.signed
    assert check.request_id == request_id
    assert check.signed
    assert other.query == {"mobile": "<hidden>"}
    shown = repr((txncheck.requests, txncheck.accepted))
    for secret in (KEY, "s" * 64, GOOD.removeprefix("+"), "Asha"):
        assert secret not in shown
