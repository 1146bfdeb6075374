"""TxnCheck's request signatures: compute the headers that sign a call."""

import hashlib
import hmac
from urllib.parse import urlsplit

#: Signed where there is no body [V].
_EMPTY_BODY = b"{}"


def signature_headers(
    secret: str, *, method: str, url: str, body: bytes | None, now: float
) -> dict[str, str]:
    """Return the headers that sign a request; `now` is in Unix seconds.

    The signature is an HMAC-SHA256, keyed with the API secret, in hex, of
    `<milliseconds>.<METHOD>.<path with query>.<body>` [V]: send these very bytes.
    """
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    timestamp = str(int(now * 1000))
    signed = f"{timestamp}.{method}.{path}.".encode() + (body or _EMPTY_BODY)
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {"X-Timestamp": timestamp, "X-Signature": signature}
