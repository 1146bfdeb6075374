"""Signatures of TxnCheck: over exactly what is sent, by the documented rule."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.providers.txncheck.signing import signature_headers

URL = "https://api.txncheck.in/api/v1/requests/7"


def by_hand(secret: str, text: bytes) -> str:
    """Sign by the documented rule."""
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("method", "url", "body", "text"),
    [
        pytest.param(
            "POST",
            "https://api.txncheck.in/api/v1/kyc-by-mobile",
            b'{"mobile":"+919000000001"}',
            b'1700000000123.POST./api/v1/kyc-by-mobile.{"mobile":"+919000000001"}',
            id="a body as it is sent",
        ),
        pytest.param(
            "GET",
            URL,
            None,
            b"1700000000123.GET./api/v1/requests/7.{}",
            id="braces where there is no body",
        ),
        pytest.param(
            "GET",
            f"{URL}?a=1&b=%20",
            None,
            b"1700000000123.GET./api/v1/requests/7?a=1&b=%20.{}",
            id="the query too",
        ),
    ],
)
def test_signs_what_is_documented(
    method: str, url: str, body: bytes | None, text: bytes
) -> None:
    """The other side computes the same signature, or refuses."""
    headers = signature_headers(
        "s3cret", method=method, url=url, body=body, now=1_700_000_000.123
    )

    assert headers == {
        "X-Timestamp": "1700000000123",
        "X-Signature": by_hand("s3cret", text),
    }


@given(body=st.binary(min_size=1), secret=st.text(min_size=1), now=st.floats(1, 4e9))
def test_signs_any_bytes(body: bytes, secret: str, now: float) -> None:
    """The body is neither decoded nor rewritten for the signature."""
    headers = signature_headers(secret, method="POST", url=URL, body=body, now=now)

    text = f"{headers['X-Timestamp']}.POST./api/v1/requests/7.".encode() + body
    assert headers["X-Signature"] == by_hand(secret, text)
    assert abs(int(headers["X-Timestamp"]) / 1000 - now) <= 0.001
