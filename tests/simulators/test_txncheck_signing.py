"""Where the account signs its requests, TxnCheck takes no other one."""

import json
from collections.abc import Iterator

import pytest

from local.simulators.txncheck import TxncheckSimulator
from tests.simulators.api_client import BODIES, KEY, SIGNING_SECRET, Merchant, signed

BODY = json.dumps(BODIES["kyc-by-mobile"], separators=(",", ":"))
TEXT = f"POST./api/v1/kyc-by-mobile.{BODY}"


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    """A client of an account that has signing enabled."""
    with TxncheckSimulator.started(
        api_key=KEY, signing_secret=SIGNING_SECRET
    ) as txncheck:
        merchant = Merchant(txncheck)
        yield merchant
        merchant.session.close()


def stamp(merchant: Merchant, *, late: float = 0.0) -> str:
    """The milliseconds of a call that was signed so many seconds ago."""
    return str(int((merchant.txncheck.clock.now() - late) * 1000))


def refusal(merchant: Merchant, headers: dict[str, str], body: str = BODY) -> str:
    """The sentence with which a call is refused, "" if it is not."""
    answer = merchant.call("POST", "kyc-by-mobile", headers=headers, data=body)
    message = "" if answer.status_code == 202 else answer.json()["message"]
    assert answer.status_code == (401 if message else 202)
    return str(message)


def test_takes_a_signed_call(merchant: Merchant) -> None:
    """Timestamp, method, path and the very bytes of the body are signed."""
    assert refusal(merchant, signed(stamp(merchant), TEXT)) == ""
    assert merchant.txncheck.requests[0].signed


def test_takes_a_signed_look(merchant: Merchant) -> None:
    """A GET signs `{}` for its empty body, and its query."""
    merchant.call(
        "POST", "kyc-by-mobile", headers=signed(stamp(merchant), TEXT), data=BODY
    )
    path = f"requests/{merchant.txncheck.accepted[0].id}"
    target = f"GET./api/v1/{path}"

    for query, text in (("", f"{target}.{{}}"), ("?a=%20b", f"{target}?a=%20b.{{}}")):
        headers = signed(stamp(merchant), text)
        assert merchant.call("GET", path + query, headers=headers).status_code == 200
    headers = signed(stamp(merchant), f"{target}.")
    assert merchant.call("GET", path, headers=headers).status_code == 401
    assert merchant.call("GET", path).status_code == 401


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
    merchant: Merchant, text: str, changed: dict[str, str]
) -> None:
    """Whatever differs from what was sent must show, as it would there."""
    headers = signed(stamp(merchant), text) | changed

    assert refusal(merchant, headers) == "Invalid request signature"
    assert merchant.txncheck.accepted == []


def test_wants_the_right_secret_in_lower_case(merchant: Merchant) -> None:
    """Lower-case hex is documented."""
    wrong = signed(stamp(merchant), TEXT, secret="another")
    right = signed(stamp(merchant), TEXT)
    capitals = right | {"X-Signature": right["X-Signature"].upper()}

    assert refusal(merchant, wrong) == "Invalid request signature"
    assert refusal(merchant, capitals) == "Invalid request signature"
    assert refusal(merchant, right) == ""


@pytest.mark.parametrize(
    ("late", "message"),
    [(300.0, ""), (300.001, "Request timestamp expired"), (-300.0, "")],
)
def test_forgets_a_signature_after_five_minutes(
    merchant: Merchant, late: float, message: str
) -> None:
    """Older is refused with a sentence of its own; of the future nothing is said."""
    assert refusal(merchant, signed(stamp(merchant, late=late), TEXT)) == message


def test_reads_no_odd_timestamp(merchant: Merchant) -> None:
    """Rightly signed, and still no number of milliseconds."""
    for timestamp in ("now", "-1", "1750000000.5", "9" * 17):
        headers = signed(timestamp, TEXT)
        assert refusal(merchant, headers) == "Invalid request signature"


def test_asks_for_the_key_first(merchant: Merchant) -> None:
    """Who has no key learns nothing about signatures."""
    headers = signed("1", TEXT) | {"X-API-Key": "wrong"}

    assert refusal(merchant, headers) == "Invalid API key"
