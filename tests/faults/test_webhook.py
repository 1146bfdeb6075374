"""Webhook: what is refused, and that nothing is written for it."""

import base64
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from functions import webhook
from functions.core.errors import CredentialsMissing
from functions.core.signatures import SignatureScheme, sign
from functions.providers.txncheck.webhooks import parse_webhook
from functions.webhook import WebhookReceiver
from tests.faults.batch_harness import BatchHarness
from tests.faults.callback_harness import CallbackHarness
from tests.lambda_context import Context

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


def body_of(reference: str, event: str = "request.completed") -> bytes:
    """Write a webhook about a request."""
    return json.dumps({"event": event, "data": {"requestId": reference}}).encode()


def signed(body: bytes, *, secret: str = SECRET, at: float = NOW) -> dict[str, str]:
    """Give the headers of a webhook."""
    timestamp = str(int(at))
    value = sign(SCHEME, secret, body=body, timestamp=timestamp, delivery_id="")
    return {"x-signature": value, "X-TIMESTAMP": timestamp}


def receiver(
    waiting: CallbackHarness,
    *,
    scheme: SignatureScheme | None = SCHEME,
    secrets: Callable[[], tuple[str, ...]] = lambda: (SECRET, OLD),
) -> WebhookReceiver:
    """Give what judges the webhooks of a provider."""
    return WebhookReceiver(
        provider="p",
        scheme=scheme,
        secrets=secrets,
        parse=parse_webhook,
        callbacks=waiting.waits,
    )


def no_secrets() -> tuple[str, ...]:
    """Stand for a secret that nobody has filled."""
    raise CredentialsMissing("the webhook's secret is empty")


@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_either_secret_of_a_rotation_is_good(
    waiting: CallbackHarness, secret: str
) -> None:
    """The provider and we cannot change at the same moment."""
    body = body_of(waiting.job().provider_ref)

    answer = receiver(waiting).receive(body, signed(body, secret=secret), now=NOW)

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
def test_what_is_not_set_up_refuses_everything(
    waiting: CallbackHarness, changes: dict[str, Any]
) -> None:
    """An open route would let anybody ask in our name."""
    job = waiting.job()
    body = body_of(job.provider_ref)

    answer = receiver(waiting, **changes).receive(body, signed(body), now=NOW)

    assert answer is HTTPStatus.UNAUTHORIZED
    assert waiting.of(job) == {}


@pytest.mark.fault(91)
@pytest.mark.parametrize("late", [-301, 301])
def test_a_webhook_of_another_time_is_refused(
    waiting: CallbackHarness, late: float
) -> None:
    """Recorded today, replayed tomorrow; or signed by a clock that is wrong."""
    job = waiting.job()
    body = body_of(job.provider_ref)

    answer = receiver(waiting).receive(body, signed(body, at=NOW + late), now=NOW)

    assert answer is HTTPStatus.UNAUTHORIZED
    assert waiting.of(job) == {}


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"not JSON", body_of("x", event="request.archived")]
)
def test_an_event_that_we_do_not_know_is_taken_and_dropped(
    waiting: CallbackHarness, body: bytes
) -> None:
    """Otherwise the provider would send it again and again."""
    answer = receiver(waiting).receive(body, signed(body), now=NOW)

    assert answer is HTTPStatus.NO_CONTENT


@pytest.mark.fault(93)
@pytest.mark.parametrize("coded", [False, True])
def test_a_huge_webhook_is_not_read(coded: bool, context: Context) -> None:
    """Ten megabytes reach a function; hashing them is work for a stranger's sake."""
    huge = b"x" * 300_000
    event = {
        "pathParameters": {"provider": "txncheck"},
        "body": base64.b64encode(huge).decode() if coded else huge.decode(),
        "isBase64Encoded": coded,
    }

    assert webhook.handler(event, context)["statusCode"] == 413


@pytest.mark.parametrize("body", ["é", "====", "not base64", "YQ=="])
def test_a_body_that_cannot_be_decoded_is_answered(
    context: Context, deployed: pytest.MonkeyPatch, body: str, batches: BatchHarness
) -> None:
    """A function that breaks down is one that wakes an operator."""
    deployed.setenv("COURIER_PROVIDERS", batches.environment)
    deployed.setenv("COURIER_WAITS", "waits")
    event = {
        "pathParameters": {"provider": "txncheck"},
        "body": body,
        "isBase64Encoded": True,
    }

    assert webhook.handler(event, context)["statusCode"] in (401, 413)


def test_a_provider_without_webhooks_has_no_route(context: Context) -> None:
    """Nothing is looked up under a name that somebody made up."""
    event = {"pathParameters": {"provider": "nobody"}, "body": "{}"}

    assert webhook.handler(event, context)["statusCode"] == 404
