"""Webhook: end a job's wait when the provider's webhook about it arrives.

Of a webhook only the reference and the event are used: the resumed execution asks the
provider itself. A forged or repeated webhook can therefore cause one status call at
most.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import clock, telemetry
from functions.aws.callbacks import CallbackStore
from functions.aws.lambda_handler import lambda_handler
from functions.aws.secret import Secret
from functions.aws.settings import provider_settings
from functions.core.errors import CourierError, CredentialsMissing
from functions.core.metrics import Metric
from functions.core.signatures import SignatureScheme, SignatureVerdict, verify
from functions.providers.protocol import WebhookEvent
from functions.providers.registry import webhook_parser

#: An event of API Gateway's proxy integration.
Event = Mapping[str, Any]

#: A webhook has some hundred bytes, with a result in it some thousand.
_MAX_BODY_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class WebhookReceiver:
    """Receives the webhooks of one provider.

    Without a signature scheme or a secret, every webhook is refused. Before one is
    refused, `reread_secrets` is asked: the secret may have changed a moment ago.
    """

    provider: str
    scheme: SignatureScheme | None
    secrets: Callable[[], tuple[str, ...]]
    reread_secrets: Callable[[], tuple[str, ...]]
    parse: Callable[[bytes], WebhookEvent | None]
    callbacks: CallbackStore

    def receive(
        self, body: bytes, headers: Mapping[str, str], *, now: float
    ) -> HTTPStatus:
        """Verify a webhook, end the wait that it is about, and return the HTTP status.

        After a status of 4xx or 5xx the provider sends the webhook again.
        """
        if self.scheme is None:
            return self._refuse("unconfigured")
        reason = "unconfigured"
        for read_secrets in (self.secrets, self.reread_secrets):
            try:
                secrets = read_secrets()
            except CredentialsMissing:
                continue
            if secrets:
                reason = verify(
                    self.scheme, secrets, headers=headers, body=body, now=now
                )
            if reason not in ("unconfigured", SignatureVerdict.FORGED):
                break
        if reason != SignatureVerdict.VALID:
            return self._refuse(str(reason))
        webhook = self.parse(body)
        if webhook is None:
            self._count("unknown")
            return HTTPStatus.NO_CONTENT
        receipt = self.callbacks.deliver(
            self.provider, webhook.reference, webhook.event, now=now
        )
        telemetry.logger.info(
            "webhook received", heard=receipt.outcome, job_id=receipt.job_id
        )
        self._count(str(receipt.outcome))
        return HTTPStatus.NO_CONTENT

    def _refuse(self, reason: str) -> HTTPStatus:
        telemetry.logger.warning("webhook refused", reason=reason)
        self._count(reason)
        return HTTPStatus.UNAUTHORIZED

    def _count(self, outcome: str) -> None:
        telemetry.emit({Metric.WEBHOOKS: 1}, provider=self.provider, heard=outcome)


@lambda_handler
def handler(event: Event, _context: LambdaContext) -> dict[str, Any]:
    """Respond to one request of API Gateway, without a body."""
    provider = str((event.get("pathParameters") or {}).get("provider", ""))
    parse = webhook_parser(provider)
    if parse is None:
        return _response(HTTPStatus.NOT_FOUND)
    telemetry.logger.append_keys(provider=provider)
    body = _body(event)
    if body is None or len(body) > _MAX_BODY_BYTES:
        return _response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        now = clock.now()
        receiver = _receiver(provider, parse, now=now)
        return _response(receiver.receive(body, _headers(event), now=now))
    except CourierError as error:
        telemetry.logger.error(
            "webhook failed", error=type(error).__name__, reason=str(error)
        )
        return _response(HTTPStatus.SERVICE_UNAVAILABLE)


def _receiver(
    provider: str, parse: Callable[[bytes], WebhookEvent | None], *, now: float
) -> WebhookReceiver:
    settings = provider_settings(provider)
    secret = Secret.from_id(settings.webhook_secret)
    return WebhookReceiver(
        provider=provider,
        scheme=settings.webhook,
        secrets=secret.webhook_secrets,
        reread_secrets=partial(secret.reread_webhook_secrets, now=now),
        parse=parse,
        callbacks=CallbackStore.from_environment(),
    )


def _body(event: Event) -> bytes | None:
    """Return the exact bytes that were signed; None if they cannot be decoded."""
    body = str(event.get("body") or "")
    try:
        if event.get("isBase64Encoded"):
            return b64decode(body, validate=True)
        return body.encode()
    except ValueError:  # of base64, or of a text that UTF-8 cannot write
        return None


def _headers(event: Event) -> dict[str, str]:
    headers: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    return {name: ", ".join(values) for name, values in headers.items()}


def _response(status: HTTPStatus) -> dict[str, Any]:
    return {
        "statusCode": int(status),
        "headers": {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        "body": "",
    }
