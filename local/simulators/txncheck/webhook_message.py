"""What a webhook says, and how it is signed."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.core.signatures import sign
from local.simulators.txncheck.documents import stamp, webhook_data, written
from local.simulators.txncheck.job import AcceptedRequest, Completion


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """A webhook ready to be sent, again and again if need be."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # has personal data


def signed_webhook(
    request: AcceptedRequest, completion: Completion, secret: str | None
) -> SignedWebhook:
    """Return the webhook of an end, stamped now; without a secret it is not signed."""
    scheme, now = request.provider.behaviour.webhook_scheme, request.provider.now()
    event = f"request.{completion.status.lower()}"
    data = webhook_data(request, completion.status, completion)
    body = written({"event": event, "timestamp": stamp(now), "data": data})
    unit = 1000 if scheme.timestamp_unit == "milliseconds" else 1
    timestamp = str(int(now * unit))
    delivery_id = str(uuid.uuid5(uuid.UUID(request.id), event))
    headers = {
        "Content-Type": "application/json",
        scheme.timestamp_header: timestamp,
        scheme.id_header: delivery_id,
    }
    headers.pop("", None)  # the name of a header that the scheme does not have
    if secret:
        headers[scheme.signature_header] = sign(
            scheme, secret, body=body, timestamp=timestamp, delivery_id=delivery_id
        )
    return SignedWebhook(headers, body)
