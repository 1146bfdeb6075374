"""What a webhook says, and how it is signed."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.core.signatures import sign
from local.simulators.txncheck import documents
from local.simulators.txncheck import replies as answers
from local.simulators.txncheck.behaviour import Behaviour, Signature
from local.simulators.txncheck.job import Ended, Held

_OTHER_SECRET = "nobody-has-agreed-on-this-secret"  # noqa: S105 that it is none is the point


@dataclass(frozen=True, slots=True)
class Message:
    """A webhook ready to be sent, again and again if need be."""

    request_id: str
    event: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # which has results


def message(
    held: Held,
    ended: Ended,
    behaviour: Behaviour,
    *,
    secret: str | None,
    now: float,
    number: int,
) -> Message:
    """The webhook of an end, stamped with the time of its attempt."""
    event = f"request.{ended.status.lower()}"
    body = answers.written(
        {
            "event": event,
            "timestamp": answers.stamp(now),
            "data": documents.notice(held, ended, behaviour),
        }
    )

    scheme = behaviour.webhook_scheme
    unit = 1000 if scheme.timestamp_unit == "milliseconds" else 1
    timestamp = str(int(now * unit))
    attempt = number if behaviour.webhook_id_per_attempt else 1
    delivery_id = str(uuid.uuid5(uuid.UUID(held.id), f"{event} {attempt}"))
    headers = {"Content-Type": "application/json"}
    if scheme.timestamp_header:
        headers[scheme.timestamp_header] = timestamp
    if scheme.id_header:
        headers[scheme.id_header] = delivery_id
    if secret and behaviour.webhook_signature is not Signature.NONE:
        if behaviour.webhook_signature is Signature.WRONG:
            secret = _OTHER_SECRET
        headers[scheme.signature_header] = sign(
            scheme, secret, body=body, timestamp=timestamp, delivery_id=delivery_id
        )
    return Message(held.id, event, headers, body)
