"""TxnCheck's signatures: the headers that vouch for a request's very bytes."""

import hashlib
import hmac
from urllib.parse import urlsplit

#: What is signed where there is no body [V].
_NO_BODY = b"{}"


def signature_headers(
    secret: str, *, method: str, url: str, body: bytes | None, now: float
) -> dict[str, str]:
    """Sign a request with the API secret; `now` is in Unix seconds.

    Signed is `<milliseconds>.<METHOD>.<path with query>.<body>` [V], for which the
    body has to be sent exactly as it is given here.
    """
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    timestamp = str(int(now * 1000))
    head = f"{timestamp}.{method}.{path}.".encode()
    digest = hmac.new(secret.encode(), head + (body or _NO_BODY), hashlib.sha256)
    return {"X-Timestamp": timestamp, "X-Signature": digest.hexdigest()}
