"""TxnCheck's webhooks: which request one speaks of, and nothing else of it."""

from functions.core.strict_json import NotStrictJson, parse
from functions.providers.protocol import WebhookEvent
from functions.providers.txncheck.responses import is_request_id

#: The events that there are [V].
EVENTS = ("request.completed", "request.failed", "request.partial")


def parse_webhook(body: bytes) -> WebhookEvent | None:
    """Read a webhook whose signature is good; None where it is none that we know.

    The result in it is left where it is: what a webhook wakes reads the result
    itself, by an authenticated call.
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
