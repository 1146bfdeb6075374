"""An account with signing takes only requests with the right signature."""

import json
from collections.abc import Iterator

import pytest

from local.simulators.txncheck import TxncheckSimulator
from tests.simulators.api_client import (
    BODIES,
    KEY,
    SIGNING_SECRET,
    TxncheckClient,
    signed,
)

BODY = json.dumps(BODIES["kyc-by-mobile"], separators=(",", ":"))
TEXT = f"POST./api/v1/kyc-by-mobile.{BODY}"


@pytest.fixture
def caller() -> Iterator[TxncheckClient]:
    """A client of an account that has signing enabled."""
    with TxncheckSimulator.started(
        api_key=KEY, signing_secret=SIGNING_SECRET
    ) as txncheck:
        caller = TxncheckClient(txncheck)
        yield caller
        caller.session.close()


def stamp(caller: TxncheckClient, *, late: float = 0.0) -> str:
    """The milliseconds of a call that was signed so many seconds ago."""
    return str(int((caller.txncheck.clock.now() - late) * 1000))


def refusal(caller: TxncheckClient, headers: dict[str, str], body: str = BODY) -> str:
    """The sentence with which a call is refused, "" if it is not."""
    answer = caller.call("POST", "kyc-by-mobile", headers=headers, data=body)
    message = "" if answer.status_code == 202 else answer.json()["message"]
    assert answer.status_code == (401 if message else 202)
    return str(message)


def test_takes_a_signed_call(caller: TxncheckClient) -> None:
    """Timestamp, method, path and the very bytes of the body are signed."""
    assert refusal(caller, signed(stamp(caller), TEXT)) == ""
    assert caller.txncheck.requests[0].headers["x-signature"] == "<hidden>"


def test_takes_a_signed_status_call(caller: TxncheckClient) -> None:
    """A GET signs `{}` for its empty body, and its query."""
    caller.call("POST", "kyc-by-mobile", headers=signed(stamp(caller), TEXT), data=BODY)
    path = f"requests/{caller.txncheck.accepted[0].id}"
    target = f"GET./api/v1/{path}"

    for query, text in (("", f"{target}.{{}}"), ("?a=%20b", f"{target}?a=%20b.{{}}")):
        headers = signed(stamp(caller), text)
        assert caller.call("GET", path + query, headers=headers).status_code == 200
    headers = signed(stamp(caller), f"{target}.")
    assert caller.call("GET", path, headers=headers).status_code == 401
    assert caller.call("GET", path).status_code == 401


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        pytest.param(TEXT.replace("POST", "GET"), {}, id="another method"),
        pytest.param(TEXT.replace("kyc", "upi"), {}, id="another path"),
        pytest.param(TEXT.replace("/api/v1", ""), {}, id="half a path"),
        pytest.param(TEXT.replace(":", ": "), {}, id="other bytes"),
        pytest.param(TEXT, {"X-Timestamp": "1750000000001"}, id="another time"),
        pytest.param(TEXT, {"X-Signature": ""}, id="no signature"),
        pytest.param(TEXT, {"X-Timestamp": ""}, id="no time"),
    ],
)
def test_takes_no_other_signature(
    caller: TxncheckClient, text: str, changed: dict[str, str]
) -> None:
    """Whatever differs from what was sent must show, as it would there."""
    headers = signed(stamp(caller), text) | changed

    assert refusal(caller, headers) == "Invalid request signature"
    assert caller.txncheck.accepted == []


def test_wants_the_right_secret_in_lower_case(caller: TxncheckClient) -> None:
    """Lower-case hex is documented."""
    wrong = signed(stamp(caller), TEXT, secret="another")
    right = signed(stamp(caller), TEXT)
    capitals = right | {"X-Signature": right["X-Signature"].upper()}

    assert refusal(caller, wrong) == "Invalid request signature"
    assert refusal(caller, capitals) == "Invalid request signature"
    assert refusal(caller, right) == ""


@pytest.mark.parametrize(
    ("late", "message"),
    [(300.0, ""), (300.001, "Request timestamp expired"), (-300.0, "")],
)
def test_forgets_a_signature_after_five_minutes(
    caller: TxncheckClient, late: float, message: str
) -> None:
    """Older is refused with a sentence of its own; of the future nothing is said."""
    assert refusal(caller, signed(stamp(caller, late=late), TEXT)) == message


def test_reads_no_odd_timestamp(caller: TxncheckClient) -> None:
    """Rightly signed, and still no number of milliseconds."""
    for timestamp in ("now", "-1", "1750000000.5", "9" * 17):
        headers = signed(timestamp, TEXT)
        assert refusal(caller, headers) == "Invalid request signature"


def test_checks_the_key_first(caller: TxncheckClient) -> None:
    """Without a key nothing about signatures is answered."""
    headers = signed("1", TEXT) | {"X-API-Key": "wrong"}

    assert refusal(caller, headers) == "Invalid API key"
