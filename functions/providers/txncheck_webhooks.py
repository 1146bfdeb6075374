"""TxnCheck's webhooks: which request one speaks of, and nothing else of it."""

from dataclasses import dataclass

from functions.core.strict_json import NotStrictJson, parse
from functions.providers.txncheck_answers import is_id

#: The events that there are [V].
EVENTS = ("request.completed", "request.failed", "request.partial")


@dataclass(frozen=True)
class Call:
    """What a webhook is about: a request's id, and what is said to have happened."""

    reference: str
    event: str


def call_of(body: bytes) -> Call | None:
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
    if not isinstance(reference, str) or not is_id(reference):
        return None
    return Call(reference, payload["event"])
