"""Webhook: what is rejected has no effect."""

import base64
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import webhook
from functions.core.errors import CredentialsMissing
from functions.core.signatures import SignatureScheme, sign
from functions.providers.txncheck.webhooks import parse_webhook
from functions.webhook import WebhookReceiver
from tests.faults.batch_harness import BatchHarness
from tests.faults.callback_harness import TABLE, CallbackHarness

NOW = 1_800_000_000.0
SECRET, OLD = "what the provider signs with", "what it signed with before"
SCHEME = SignatureScheme(
    signature_header="X-Signature",
    timestamp_header="X-Timestamp",
    id_header="",
    timestamp_unit="seconds",
    signed_template="{ts}.{body}",
    algorithm="sha256",
    encoding="hex",
    prefix="",
    tolerance_seconds=300,
)


def webhook_body(reference: str, event: str = "request.completed") -> bytes:
    """Return the body of a webhook about a request."""
    return json.dumps({"event": event, "data": {"requestId": reference}}).encode()


def signed_headers(
    body: bytes, *, secret: str = SECRET, at: float = NOW
) -> dict[str, str]:
    """Return the signature headers of a webhook."""
    timestamp = str(int(at))
    value = sign(SCHEME, secret, body=body, timestamp=timestamp, delivery_id="")
    return {"x-signature": value, "X-TIMESTAMP": timestamp}


def receiver(
    callbacks: CallbackHarness,
    *,
    scheme: SignatureScheme | None = SCHEME,
    secrets: Callable[[], tuple[str, ...]] = lambda: (SECRET, OLD),
) -> WebhookReceiver:
    """Return the receiver of a provider's webhooks."""
    return WebhookReceiver(
        provider="p",
        scheme=scheme,
        secrets=secrets,
        parse=parse_webhook,
        callbacks=callbacks.store,
    )


def no_secrets() -> tuple[str, ...]:
    """Raise as an unfilled secret does."""
    raise CredentialsMissing("the webhook's secret is empty")


@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_accepts_both_secrets_of_a_rotation(
    callbacks: CallbackHarness, secret: str
) -> None:
    """The provider and we cannot change at the same moment."""
    body = webhook_body(callbacks.new_job().provider_ref)

    answer = receiver(callbacks).receive(
        body, signed_headers(body, secret=secret), now=NOW
    )

    assert answer is HTTPStatus.NO_CONTENT


@pytest.mark.fault(90)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"scheme": None}, id="no scheme"),
        pytest.param({"secrets": no_secrets}, id="no secret"),
        pytest.param({"secrets": lambda: ()}, id="no secrets"),
        pytest.param({"secrets": lambda: ("another",)}, id="another's"),
    ],
)
def test_rejects_everything_while_not_configured(
    callbacks: CallbackHarness, changes: dict[str, Any]
) -> None:
    """An open route would let anybody end waits."""
    job = callbacks.new_job()
    body = webhook_body(job.provider_ref)

    answer = receiver(callbacks, **changes).receive(body, signed_headers(body), now=NOW)

    assert answer is HTTPStatus.UNAUTHORIZED
    assert callbacks.item(job) == {}


@pytest.mark.fault(91)
@pytest.mark.parametrize("late", [-301, 301])
def test_rejects_a_webhook_of_another_time(
    callbacks: CallbackHarness, late: float
) -> None:
    """It may be a recorded one that is replayed later."""
    job = callbacks.new_job()
    body = webhook_body(job.provider_ref)

    answer = receiver(callbacks).receive(
        body, signed_headers(body, at=NOW + late), now=NOW
    )

    assert answer is HTTPStatus.UNAUTHORIZED
    assert callbacks.item(job) == {}


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"not JSON", webhook_body("x", event="request.archived")]
)
def test_accepts_and_ignores_an_unknown_event(
    callbacks: CallbackHarness, body: bytes
) -> None:
    """Otherwise the provider would send it again and again."""
    answer = receiver(callbacks).receive(body, signed_headers(body), now=NOW)

    assert answer is HTTPStatus.NO_CONTENT


@pytest.mark.fault(93)
@pytest.mark.parametrize("encoded", [False, True])
def test_rejects_a_huge_webhook_unread(encoded: bool, context: LambdaContext) -> None:
    """Up to ten megabytes reach a function; hashing them helps only an attacker."""
    huge = b"x" * 300_000
    event = {
        "pathParameters": {"provider": "txncheck"},
        "body": base64.b64encode(huge).decode() if encoded else huge.decode(),
        "isBase64Encoded": encoded,
    }

    assert webhook.handler(event, context)["statusCode"] == 413


@pytest.mark.parametrize("body", ["é", "====", "not base64", "YQ=="])
def test_answers_a_body_that_cannot_be_decoded(
    context: LambdaContext,
    deployed: pytest.MonkeyPatch,
    body: str,
    batches: BatchHarness,
) -> None:
    """An exception of the function would alarm an operator."""
    deployed.setenv("COURIER_PROVIDERS", batches.environment)
    deployed.setenv("COURIER_WAITS", TABLE)
    event = {
        "pathParameters": {"provider": "txncheck"},
        "body": body,
        "isBase64Encoded": True,
    }

    assert webhook.handler(event, context)["statusCode"] in (401, 413)


def test_a_provider_without_webhooks_has_no_route(context: LambdaContext) -> None:
    """Nothing is looked up under an invented name."""
    event = {"pathParameters": {"provider": "nobody"}, "body": "{}"}

    assert webhook.handler(event, context)["statusCode"] == 404
