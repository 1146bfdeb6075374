"""TxnCheck's webhooks: read the event and the request's id, and nothing else."""

from functions.core.strict_json import NotStrictJson, parse
from functions.providers.protocol import WebhookEvent
from functions.providers.txncheck.responses import is_request_id

#: All events that TxnCheck sends [V].
EVENTS = ("request.completed", "request.failed", "request.partial")


def parse_webhook(body: bytes) -> WebhookEvent | None:
    """Return the event of a verified webhook's body; None if it is not a known one.

    The result in the body is ignored: the resumed execution reads it by an
    authenticated call.
    """
    try:
        payload = parse(body)
    except NotStrictJson:
        return None
    if not isinstance(payload, dict) or payload.get("event") not in EVENTS:
        return None
    data = payload.get("data")
    reference = data.get("requestId") if isinstance(data, dict) else None
    if not isinstance(reference, str) or not is_request_id(reference):
        return None
    return WebhookEvent(reference, payload["event"])
