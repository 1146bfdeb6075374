"""Webhook: let a provider's call end the wait for what it speaks of.

A webhook is a wake-up, not a result: all that is kept of it is which wait it ends,
and what is woken asks the provider itself. So a forged or repeated one can cost a
question at the most.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import telemetry, wiring
from functions.aws.callbacks import CallbackStore
from functions.core.errors import CourierError, CredentialsMissing
from functions.core.metrics import Metric
from functions.core.signatures import SignatureScheme, SignatureVerdict, verify
from functions.providers.protocol import WebhookEvent

#: An event of API Gateway's, as it comes.
Event = Mapping[str, Any]

#: A webhook takes some hundred bytes, with a result in it some thousand.
_LARGEST = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class WebhookReceiver:
    """What it takes to judge the webhooks of one provider.

    Without a scheme or a secret every webhook is refused.
    """

    provider: str
    scheme: SignatureScheme | None
    secrets: Callable[[], tuple[str, ...]]
    read: Callable[[bytes], WebhookEvent | None]
    callbacks: CallbackStore

    def receive(
        self, body: bytes, headers: Mapping[str, str], *, now: float
    ) -> HTTPStatus:
        """Give the answer's status; a webhook that it does not take comes again."""
        if self.scheme is None:
            return self._refuse("unconfigured")
        try:
            secrets = self.secrets()
        except CredentialsMissing:
            return self._refuse("unconfigured")
        verdict = verify(self.scheme, secrets, headers=headers, body=body, now=now)
        if verdict is not SignatureVerdict.VALID:
            return self._refuse(str(verdict))
        webhook = self.read(body)
        if webhook is None:
            self._count("unknown")
            return HTTPStatus.NO_CONTENT
        call = self.callbacks.deliver(
            self.provider, webhook.reference, webhook.event, now=now
        )
        telemetry.logger.info("webhook heard", heard=call.outcome, job_id=call.job_id)
        self._count(str(call.outcome))
        return HTTPStatus.NO_CONTENT

    def _refuse(self, reason: str) -> HTTPStatus:
        telemetry.logger.warning("webhook refused", reason=reason)
        self._count(reason)
        return HTTPStatus.UNAUTHORIZED

    def _count(self, heard: str) -> None:
        telemetry.emit({Metric.WEBHOOKS: 1}, provider=self.provider, heard=heard)


@wiring.handler
def handler(event: Event, _context: LambdaContext) -> dict[str, Any]:
    """Answer one request of API Gateway's, without a body."""
    provider = str((event.get("pathParameters") or {}).get("provider", ""))
    read = wiring.webhook_reader(provider)
    if read is None:
        return _answer(HTTPStatus.NOT_FOUND)
    telemetry.logger.append_keys(provider=provider)
    body = _body(event)
    if body is None or len(body) > _LARGEST:
        return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    receiver = WebhookReceiver(
        provider=provider,
        scheme=wiring.settings_of(provider).webhook,
        secrets=partial(wiring.webhook_secrets, provider),
        read=read,
        callbacks=wiring.waits(),
    )
    try:
        return _answer(receiver.receive(body, _headers(event), now=wiring.now()))
    except CourierError as error:
        telemetry.logger.error(
            "webhook failed", error=type(error).__name__, reason=str(error)
        )
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE)


def _body(event: Event) -> bytes | None:
    """Give the very bytes that were signed."""
    body = str(event.get("body") or "")
    try:
        if event.get("isBase64Encoded"):
            return b64decode(body, validate=True)
        return body.encode()
    except ValueError:  # of base64, or of a text that has no bytes
        return None


def _headers(event: Event) -> dict[str, str]:
    given: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    return {name: ", ".join(values) for name, values in given.items()}


def _answer(status: HTTPStatus) -> dict[str, Any]:
    return {
        "statusCode": int(status),
        "headers": {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        "body": "",
    }
