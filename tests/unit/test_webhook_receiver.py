"""Webhook receiver: each webhook has one answer, is counted once, and wakes one job."""

import base64
import json
from collections.abc import Mapping
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import pytest

from functions import webhook
from functions.aws.callbacks import CallbackStore, WebhookOutcome, WebhookReceipt
from functions.aws.secret import Secret
from functions.core.errors import AwsUnavailable, CredentialsMissing
from functions.core.signatures import SignatureScheme, sign
from functions.providers.txncheck.webhooks import parse_webhook
from functions.webhook import WebhookReceiver
from local.lambda_invocation import InvocationContext
from tests.settings import txncheck_settings
from tests.unit.metric_lines import metrics_of

NOW = 1_800_000_000.0
SECRET, OTHER = "what the provider signs with", "another one"
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
BODY = json.dumps({"event": "request.completed", "data": {"requestId": "7"}}).encode()


def signed(body: bytes, *, secret: str = SECRET, at: float = NOW) -> dict[str, str]:
    """Return the headers of a webhook."""
    timestamp = str(int(at))
    value = sign(SCHEME, secret, body=body, timestamp=timestamp, delivery_id="")
    return {"X-Signature": value, "X-Timestamp": timestamp}


class Received:
    """The webhooks that reach the waits, in place of the store of callbacks."""

    def __init__(self) -> None:
        self.delivered: list[tuple[Any, ...]] = []
        self.failure: AwsUnavailable | None = None

    def deliver(
        self, provider: str, reference: str, event: str, *, now: float
    ) -> WebhookReceipt:
        """End the wait of a job."""
        if self.failure:
            raise self.failure
        self.delivered.append((provider, reference, event, now))
        return WebhookReceipt(outcome=WebhookOutcome.WOKE, job_id="j")


class Secrets:
    """A secret as it is cached, unless it is unfilled, and as it is read anew."""

    def __init__(self, cached: tuple[str, ...] | None, stored: tuple[str, ...]) -> None:
        self._cached, self._stored = cached, stored
        self.rereads: list[float] = []

    def webhook_secrets(self) -> tuple[str, ...]:
        """Return what is cached."""
        if self._cached is None:
            raise CredentialsMissing("unfilled")
        return self._cached

    def reread_webhook_secrets(self, *, now: float) -> tuple[str, ...]:
        """Return what is stored now."""
        self.rereads.append(now)
        return self._stored


@pytest.fixture
def received() -> Received:
    """Return waits that no webhook has reached."""
    return Received()


def receive(
    received: Received,
    secrets: Secrets,
    *,
    body: bytes = BODY,
    headers: Mapping[str, str] | None = None,
    scheme: SignatureScheme | None = SCHEME,
) -> HTTPStatus:
    """Receive a webhook."""
    callbacks: Any = received
    receiver = WebhookReceiver(
        provider="p",
        scheme=scheme,
        secrets=secrets.webhook_secrets,
        reread_secrets=lambda: secrets.reread_webhook_secrets(now=NOW),
        parse=parse_webhook,
        callbacks=callbacks,
    )
    return receiver.receive(body, headers or signed(body), now=NOW)


def counted(capsys: pytest.CaptureFixture[str]) -> str:
    """Return under which word the only webhook was counted."""
    (metrics,) = metrics_of(capsys.readouterr().out)
    assert (metrics["Webhooks"], metrics["provider"]) == (1, "p")
    return str(metrics["heard"])


def test_a_valid_webhook_reaches_the_wait(
    received: Received, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is counted by what it achieved; the secret need not be read anew."""
    secrets = Secrets((SECRET,), ())

    assert receive(received, secrets) is HTTPStatus.NO_CONTENT

    assert received.delivered == [("p", "7", "request.completed", NOW)]
    assert counted(capsys) == "woke"
    assert secrets.rereads == []


def test_an_unknown_event_is_accepted_and_ignored(
    received: Received, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise the provider would send it again and again."""
    answer = receive(received, Secrets((SECRET,), ()), body=b"{}")

    assert answer is HTTPStatus.NO_CONTENT
    assert received.delivered == []
    assert counted(capsys) == "unknown"


@pytest.mark.parametrize(
    "cached", [None, (), (OTHER,)], ids=["unfilled", "empty", "old"]
)
def test_a_secret_that_changed_a_moment_ago_is_read_anew(
    received: Received,
    capsys: pytest.CaptureFixture[str],
    cached: tuple[str, ...] | None,
) -> None:
    """The provider gives up after some refusals."""
    secrets = Secrets(cached, (SECRET,))

    assert receive(received, secrets) is HTTPStatus.NO_CONTENT
    assert counted(capsys) == "woke"
    assert secrets.rereads == [NOW]


@pytest.mark.parametrize(
    ("known", "headers", "heard", "rereads"),
    [
        pytest.param((None, ()), signed(BODY), "unconfigured", 1, id="no secret"),
        pytest.param(((OTHER,), (OTHER,)), signed(BODY), "forged", 1, id="another's"),
        pytest.param(((OTHER,), ()), signed(BODY), "forged", 1, id="emptied"),
        pytest.param(
            ((SECRET,), (OTHER,)),
            signed(BODY, at=NOW - 301),
            "stale",
            0,
            id="recorded",
        ),
        pytest.param(
            ((SECRET,), (OTHER,)),
            {"X-Timestamp": "1"},
            "unsigned",
            0,
            id="unsigned",
        ),
    ],
)
def test_a_refused_webhook_is_counted_by_its_reason(
    received: Received,
    capsys: pytest.CaptureFixture[str],
    known: tuple[tuple[str, ...] | None, tuple[str, ...]],
    headers: dict[str, str],
    heard: str,
    rereads: int,
) -> None:
    """An alarm tells a wrong setting from an attack; only these read the secret."""
    secrets = Secrets(*known)

    answer = receive(received, secrets, headers=headers)

    assert answer is HTTPStatus.UNAUTHORIZED
    assert received.delivered == []
    assert counted(capsys) == heard
    assert len(secrets.rereads) == rereads


def test_without_a_scheme_nothing_is_read(
    received: Received, capsys: pytest.CaptureFixture[str]
) -> None:
    """Webhooks are not configured, whatever the secret has."""
    answer = receive(received, Secrets((SECRET,), (SECRET,)), scheme=None)

    assert answer is HTTPStatus.UNAUTHORIZED
    assert counted(capsys) == "unconfigured"


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, received: Received) -> list[Secrets]:
    """Deploy the function with a scheme; return the secrets that it made."""
    made: list[Secrets] = []

    def from_id(name: str) -> Secrets:
        assert name == "arn of the secret"
        made.append(Secrets((OTHER,), (SECRET,)))
        return made[-1]

    settings = txncheck_settings(webhook=SCHEME, webhook_secret="arn of the secret")
    monkeypatch.setattr(webhook, "provider_settings", {"txncheck": settings}.get)
    monkeypatch.setattr(Secret, "from_id", from_id)
    monkeypatch.setattr(CallbackStore, "from_environment", lambda: received)
    monkeypatch.setattr(webhook, "clock", SimpleNamespace(now=lambda: NOW))
    return made


def event(
    body: str | None, headers: Mapping[str, str] | None = None, **more: object
) -> Any:  # noqa: ANN401 - of API Gateway
    """Return an event of API Gateway's proxy integration."""
    return {
        "pathParameters": {"provider": "txncheck"},
        "multiValueHeaders": {n: [v] for n, v in (headers or {}).items()} or None,
        "body": body,
        "isBase64Encoded": False,
        **more,
    }


def response(status: int) -> dict[str, Any]:
    """Return the whole response with a status."""
    return {
        "statusCode": status,
        "headers": {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        "body": "",
    }


def handled(event: Any) -> dict[str, Any]:  # noqa: ANN401 - of API Gateway
    """Run the function."""
    answer: dict[str, Any] = webhook.handler(event, InvocationContext())
    return answer


@pytest.mark.parametrize("encoded", [False, True])
def test_the_handler_verifies_the_exact_bytes(
    deployed: list[Secrets], received: Received, *, encoded: bool
) -> None:
    """API Gateway encodes a body that it takes for binary; the answer has no body."""
    body = base64.b64encode(BODY).decode() if encoded else BODY.decode()

    answer = handled(event(body, signed(BODY), isBase64Encoded=encoded))

    assert answer == response(204)
    assert received.delivered == [("txncheck", "7", "request.completed", NOW)]
    assert [secrets.rereads for secrets in deployed] == [[NOW]]


def test_a_header_that_is_sent_twice_is_no_signature(
    deployed: list[Secrets], received: Received
) -> None:
    """Two parsers may take a different one of them."""
    headers = {name: [value, value] for name, value in signed(BODY).items()}

    answer = handled(event(BODY.decode(), multiValueHeaders=headers))

    assert answer == response(401)
    assert len(deployed) == 1
    assert received.delivered == []
    assert webhook._headers({"multiValueHeaders": {"a": ["1", "2"]}}) == {"a": "1, 2"}


@pytest.mark.usefixtures("deployed")
def test_a_webhook_that_cannot_be_delivered_is_sent_again(received: Received) -> None:
    """After a status of 5xx the provider repeats it."""
    received.failure = AwsUnavailable("no")

    assert handled(event(BODY.decode(), signed(BODY))) == response(503)


@pytest.mark.usefixtures("deployed")
def test_a_webhook_without_a_body_is_verified_like_any_other() -> None:
    """API Gateway passes none on as null; the signature is that of no bytes."""
    assert handled(event(None, signed(b""))) == response(204)


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        pytest.param("x" * 262_144, {}, 401, id="largest"),
        pytest.param("x" * 262_145, {}, 413, id="larger"),
        pytest.param(None, {}, 401, id="empty"),
        pytest.param("\ud800", {}, 413, id="no text"),
        pytest.param("YQ=", {"isBase64Encoded": True}, 413, id="no base64"),
        pytest.param("Y Q==", {"isBase64Encoded": True}, 413, id="loose base64"),
        pytest.param("Y Q==", {}, 401, id="text that looks like it"),
    ],
)
def test_a_body_that_no_provider_sends_is_refused(
    body: str | None, more: dict[str, Any], status: int
) -> None:
    """A large one would only cost time, and one that is no text cannot be verified."""
    assert handled(event(body, **more)) == response(status)


@pytest.mark.parametrize("path", [None, {}, {"provider": "nobody"}])
def test_a_provider_without_webhooks_is_not_found(path: dict[str, str] | None) -> None:
    """Nothing is looked up under an invented name."""
    assert handled(event("{}", pathParameters=path)) == response(404)
