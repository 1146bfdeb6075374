"""A server that receives the webhooks of the simulated TxnCheck."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from functions.core.signatures import SignatureVerdict, verify
from local.simulators.http_writer import HttpReply
from local.simulators.server import HttpRequest, serving
from local.simulators.txncheck import SCHEME
from tests.simulators.api_client import SECONDS

WEBHOOK_SECRET = "synthetic-webhook-secret"


@dataclass(frozen=True)
class ReceivedWebhook:
    """A webhook as it arrived."""

    headers: Mapping[str, str]
    body: bytes

    def verdict(self, now: float, secret: str = WEBHOOK_SECRET) -> SignatureVerdict:
        """Return what its signature is worth."""
        return verify(SCHEME, [secret], headers=self.headers, body=self.body, now=now)


class WebhookListener:
    """Keeps every webhook, and answers with `status`."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 204
        self.received: list[ReceivedWebhook] = []
        self._arrivals = threading.Semaphore(0)

    def __call__(self, request: HttpRequest) -> HttpReply:
        """Keep a webhook, and answer."""
        headers = dict(request.headers.items())
        self.received.append(ReceivedWebhook(headers, request.body.read()))
        self._arrivals.release()
        return HttpReply(self.status)

    def wait(self) -> None:
        """Return when one more webhook has arrived."""
        assert self._arrivals.acquire(timeout=SECONDS), "no webhook came"

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator["WebhookListener"]:
        """Listen until the block ends."""
        receiver = cls()
        with serving(receiver) as server:
            receiver.url = f"http://127.0.0.1:{server.port}/webhooks/txncheck?a=b"
            yield receiver
