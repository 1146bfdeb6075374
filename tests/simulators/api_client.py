"""A merchant: a plain client of the simulated TxnCheck, and who gets its webhooks."""

import hashlib
import hmac
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from functions.core.signatures import Verdict, verify
from local.simulators.content import Content
from local.simulators.http_writer import Reply
from local.simulators.server import Request, serving
from local.simulators.txncheck import SCHEME, TxncheckSimulator

KEY = "synthetic-key-of-the-tests"
SIGNING_SECRET = "synthetic-secret-of-the-tests"
WEBHOOK_SECRET = "synthetic-webhook-secret"
SECONDS = 5.0  # no test waits that long unless something is broken
GOOD = "+919000000001"  # completes, by its last digit
PARTLY = "+919000000007"
PASSING = "+919000000008"
FAILING = "+919000000009"

BODIES: dict[str, dict[str, Any]] = {
    "upi-by-mobile": {"mobile": GOOD, "name": "Asha Example"},
    "kyc-by-mobile": {"mobile": GOOD},
    "vpa-chargeback-check": {"vpas": ["asha@invented", "b9@sample"]},
    "bulk/vpa-chargeback-check": {"vpas": ["asha@invented", "b9@sample"]},
    "full-check": {"mobile": GOOD, "name": "Asha Example"},
    "bank-verification-pennyless": {
        "accountNumber": "000123456780",
        "ifscNumber": "ABCD0123456",
    },
}


@dataclass
class Merchant:
    """Calls with the key; a session that follows no redirect."""

    txncheck: TxncheckSimulator
    session: requests.Session = field(default_factory=requests.Session)

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,  # noqa: ANN401 whatever requests takes
    ) -> requests.Response:
        """One call, with the key unless the headers are given."""
        return self.session.request(
            method,
            f"{self.txncheck.base_url}/{path}",
            headers={"X-API-Key": KEY} if headers is None else headers,
            timeout=SECONDS,
            allow_redirects=False,
            **options,
        )

    def post(self, method: str, **changed: Any) -> requests.Response:  # noqa: ANN401 JSON
        """A submission of the good body, with fields changed."""
        return self.call("POST", method, json={**BODIES[method], **changed})

    def submitted(self, method: str = "kyc-by-mobile", **changed: Any) -> str:  # noqa: ANN401 JSON
        """The id of a submission that goes well."""
        answer = self.post(method, **changed)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["requestId"])

    def ended(self, method: str = "kyc-by-mobile", **changed: Any) -> str:  # noqa: ANN401 JSON
        """The id of a request whose work is done."""
        request_id = self.submitted(method, **changed)
        self.txncheck.clock.advance(10)
        return request_id

    def look(self, request_id: str) -> Any:  # noqa: ANN401 it is JSON
        """A status call's document."""
        return self.call("GET", f"requests/{request_id}").json()


def signed(timestamp: str, text: str, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """The headers of a signed call, computed without the simulator's own code."""
    payload = f"{timestamp}.{text}".encode()
    signature = hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()
    return {
        "X-API-Key": KEY,
        "X-Timestamp": timestamp,
        "X-Signature": signature,
        "Content-Type": "application/json",
    }


@dataclass(frozen=True)
class Received:
    """A webhook as it arrived."""

    headers: Mapping[str, str]
    body: bytes

    def verdict(self, now: float, secret: str = WEBHOOK_SECRET) -> Verdict:
        """What its signature is worth."""
        return verify(SCHEME, [secret], headers=self.headers, body=self.body, now=now)


class Doorbell:
    """A server on which webhooks ring; it answers with the status that is set."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 204
        self.received: list[Received] = []
        self._rung = threading.Semaphore(0)

    def __call__(self, request: Request) -> Reply:
        """Keep it, and answer."""
        body = request.body.read(request.body.left)
        self.received.append(Received(dict(request.headers.items()), body))
        self._rung.release()
        return Reply(self.status, content=Content.of(b""))

    def wait(self) -> None:
        """Return when it has rung once more."""
        assert self._rung.acquire(timeout=SECONDS), "no webhook came"

    @classmethod
    @contextmanager
    def hung(cls) -> Iterator["Doorbell"]:
        """Listen until the block ends."""
        doorbell = cls()
        with serving(doorbell) as server:
            doorbell.url = f"http://127.0.0.1:{server.port}/webhooks/txncheck?a=b"
            yield doorbell
