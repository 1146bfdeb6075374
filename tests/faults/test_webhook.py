"""Webhook: what is rejected has no effect."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import webhook
from functions.aws.secret import Secret
from functions.core.errors import CredentialsMissing
from functions.core.signatures import SignatureScheme, sign
from functions.providers.txncheck.webhooks import parse_webhook
from functions.webhook import WebhookReceiver
from tests.faults.batch_harness import BatchHarness
from tests.faults.callback_harness import TABLE, CallbackHarness
from tests.faults.fault_injection import aws_hook
from tests.faults.harness import SECRET as SECRET_ID
from tests.faults.harness import StepHarness

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
    reread_secrets: Callable[[], tuple[str, ...]] | None = None,
) -> WebhookReceiver:
    """Return the receiver of a provider's webhooks."""
    return WebhookReceiver(
        provider="p",
        scheme=scheme,
        secrets=secrets,
        reread_secrets=reread_secrets or secrets,
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


@pytest.fixture
def stored(harness: StepHarness, deployed: object) -> Secret:  # noqa: ARG001 - which clears the caches
    """Return the secret of webhooks in Secrets Manager."""
    harness.store_secret(json.dumps({"current": OLD}))
    return Secret.from_id(SECRET_ID)


@contextmanager
def counted_reads() -> Iterator[list[str]]:
    """Yield a list that has an entry for each read of a secret in the block."""
    reads: list[str] = []

    def read(**_: object) -> None:
        reads.append("read")

    with aws_hook("before-call.secrets-manager.GetSecretValue", read):
        yield reads


def receive(
    callbacks: CallbackHarness, stored: Secret, *, secret: str, now: float = NOW
) -> HTTPStatus:
    """Receive a webhook that is signed by a secret, as the handler does."""
    body = webhook_body(callbacks.new_job().provider_ref)
    return receiver(
        callbacks,
        secrets=stored.webhook_secrets,
        reread_secrets=partial(stored.reread_webhook_secrets, now=now),
    ).receive(body, signed_headers(body, secret=secret, at=now), now=now)


@pytest.mark.fault(90)
def test_a_secret_that_was_rotated_a_moment_ago_is_accepted(
    callbacks: CallbackHarness, harness: StepHarness, stored: Secret
) -> None:
    """The cached one is minutes old, and providers give up after some refusals."""
    assert receive(callbacks, stored, secret=OLD) is HTTPStatus.NO_CONTENT
    harness.store_secret(json.dumps({"current": SECRET, "previous": OLD}))

    assert receive(callbacks, stored, secret=SECRET) is HTTPStatus.NO_CONTENT
    assert receive(callbacks, stored, secret=OLD) is HTTPStatus.NO_CONTENT


@pytest.mark.fault(90)
@pytest.mark.parametrize("text", ["{}", "not JSON", '{"current": ""}'])
def test_a_secret_that_was_filled_a_moment_ago_is_accepted(
    callbacks: CallbackHarness, harness: StepHarness, stored: Secret, text: str
) -> None:
    """A secret is unfilled at first, and is cached like any other."""
    harness.store_secret(text)
    assert receive(callbacks, stored, secret=SECRET) is HTTPStatus.UNAUTHORIZED
    harness.store_secret(json.dumps({"current": SECRET}))

    answer = receive(callbacks, stored, secret=SECRET, now=NOW + 10)

    assert answer is HTTPStatus.NO_CONTENT


@pytest.mark.fault(89)
@pytest.mark.fault(90)
def test_a_flood_of_forged_webhooks_does_not_flood_secrets_manager(
    callbacks: CallbackHarness, stored: Secret
) -> None:
    """Whoever knows the address could use up the account's quota of calls."""
    with counted_reads() as reads:
        for second in range(30):
            for _ in range(3):
                answer = receive(callbacks, stored, secret="x", now=NOW + second)
                assert answer is HTTPStatus.UNAUTHORIZED

    assert len(reads) == 1 + 3


def test_a_clock_that_went_back_does_not_prevent_the_read(
    callbacks: CallbackHarness, harness: StepHarness, stored: Secret
) -> None:
    """The clock is corrected once AWS has answered."""
    receive(callbacks, stored, secret=SECRET, now=NOW + 600)
    harness.store_secret(json.dumps({"current": SECRET}))

    assert receive(callbacks, stored, secret=SECRET) is HTTPStatus.NO_CONTENT


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
