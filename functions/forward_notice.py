"""Forward notice: send a notice to one of the receivers in the settings."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from functions.aws import clock, telemetry
from functions.aws.lambda_handler import lambda_handler
from functions.aws.secret import Secret
from functions.aws.settings import function_settings
from functions.core.errors import CourierError, CredentialsMissing
from functions.core.keys import ENV_NOTICE_RECEIVERS
from functions.core.notice_formats import (
    PublishedNotice,
    read_notice,
    slack_body,
    standard_body,
)
from functions.core.notice_receivers import NoticeReceiver, receivers_by_queue
from functions.providers.transport.connection import verified_tls_context
from functions.providers.transport.http import HttpClient

#: The time that Standard Webhooks advises to give a receiver is 15 to 30 seconds.
SECONDS = 15.0


class NoticeRefused(Exception):
    """The receiver answered with another status than success."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A request to a receiver; its address may be secret."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def delivery_of(
    notice: PublishedNotice,
    receiver: NoticeReceiver,
    secret: Secret,
    *,
    now: float,
) -> Delivery:
    """Return the request that delivers a notice, signed at the time `now`.

    Raises:
        CredentialsMissing: The receiver's secret is empty, or of another form.
        AwsUnavailable, AwsRefused: It could not be read.
    """
    headers = {"Content-Type": "application/json"}
    if receiver.format == "slack":
        url = secret.url()
        if not (url.startswith("https://") or receiver.loopback):
            raise CredentialsMissing("the url of a secret must begin with https://")
        return Delivery(url=url, headers=headers, body=slack_body(notice).encode())
    body = standard_body(notice)
    timestamp = datetime.fromtimestamp(int(now), UTC)
    try:
        # Two secrets during a rotation: the receiver accepts either signature.
        signatures = [
            Webhook(text).sign(notice.id, timestamp, body)
            for text in secret.webhook_secrets()
        ]
    except (ValueError, EmptyWebhookSecretError):
        raise CredentialsMissing("a secret must be whsec_ and base64") from None
    headers |= {
        "webhook-id": notice.id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(signatures),
    }
    return Delivery(url=receiver.url, headers=headers, body=body.encode())


def forward(delivery: Delivery, *, http: HttpClient, seconds: float = SECONDS) -> None:
    """Send a notice, and return once the receiver has accepted it.

    Raises:
        NoticeRefused: It answered with a redirect, which is not followed, or an error.
        AnswerLost, AnswerUnreadable, ProviderUnavailable: It did not answer in time,
            or not by the rules of HTTP.
        LinkRefused: Its host has no public address.
    """
    status = http.post(
        delivery.url, seconds=seconds, headers=delivery.headers, body=delivery.body
    )
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise NoticeRefused(f"the receiver answered {status}")


@lambda_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Deliver the notices of a receiver's queue, which keeps those that fail."""
    failed = [r["messageId"] for r in event["Records"] if not _is_delivered(r)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _is_delivered(record: Mapping[str, Any]) -> bool:
    queue = record["eventSourceARN"]
    telemetry.logger.append_keys(
        queue=queue.rpartition(":")[2], message_id=record["messageId"]
    )
    try:
        settings = function_settings(ENV_NOTICE_RECEIVERS)
        receiver = receivers_by_queue(settings.notice_receivers)[queue]
        notice = read_notice(record["body"])
        telemetry.logger.append_keys(job_id=notice.content["job_id"])
        secret = Secret.from_id(receiver.secret)
        forward(
            delivery_of(notice, receiver, secret, now=clock.now()),
            http=HttpClient(tls=_tls(), loopback=receiver.loopback),
        )
    except Exception as error:  # noqa: BLE001 - the other notices must be delivered
        known = isinstance(error, CourierError | NoticeRefused)
        telemetry.logger.warning(
            "notice not delivered",
            error=type(error).__name__,
            reason=str(error) if known else "",
            receives=record["attributes"]["ApproximateReceiveCount"],
        )
        return False
    telemetry.logger.info("notice delivered", id=notice.id)
    return True


@cache
def _tls() -> ssl.SSLContext:
    return verified_tls_context()
