"""Sign webhooks, and post them to this machine."""

import http.client
import ipaddress
import socket
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from functions.core.signatures import sign
from local.simulators.txncheck.documents import stamp, webhook_data, written
from local.simulators.txncheck.job import AcceptedRequest, Completion


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """A webhook that can be sent, also more than once."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # has personal data


def signed_webhook(
    request: AcceptedRequest, completion: Completion, secret: str | None
) -> SignedWebhook:
    """Return the webhook about a completion; without a secret it is not signed."""
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


def check_url(url: str) -> str:
    """Return a URL if it is http:// on loopback.

    Raises:
        ValueError: It is another URL.
    """
    parts = urlsplit(url)
    loopback = parts.hostname == "localhost"
    with suppress(ValueError):
        loopback |= ipaddress.ip_address(parts.hostname or "").is_loopback
    if parts.scheme != "http" or not loopback or not parts.port:
        raise ValueError("webhooks go to http://, a loopback address and a port only")
    return url


class WebhookSender:
    """Posts webhooks, each on a connection of its own, until it is stopped."""

    def __init__(self) -> None:
        self._sockets: set[socket.socket] = set()  # that are open
        self._stopped = False

    def post(self, url: str, webhook: SignedWebhook, seconds: float) -> int | None:
        """Return the status of the answer; None if none came in time."""
        parts = urlsplit(url)
        with (
            suppress(OSError, http.client.HTTPException),
            socket.create_connection((parts.hostname, parts.port), seconds) as opened,
        ):
            self._sockets.add(opened)
            connection = http.client.HTTPConnection(parts.netloc)
            connection.sock = opened
            target = parts._replace(scheme="", netloc="").geturl() or "/"
            try:
                if self._stopped:
                    return None
                connection.request("POST", target, webhook.body, dict(webhook.headers))
                return connection.getresponse().status
            finally:
                self._sockets.discard(opened)
        return None

    def stop(self) -> None:
        """End open calls, and send nothing any more."""
        self._stopped = True
        for open_socket in self._sockets.copy():
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
