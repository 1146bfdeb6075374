"""The requests that the simulated TxnCheck accepted, and the webhooks about them."""

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from local.simulators.provider import SimulatedProvider
from local.simulators.txncheck.behaviour import TxncheckBehaviour
from local.simulators.txncheck.job import AcceptedRequest
from local.simulators.txncheck.webhook_sender import (
    SignedWebhook,
    WebhookSender,
    check_url,
    signed_webhook,
)


class TxncheckState(SimulatedProvider[TxncheckBehaviour]):
    """All accepted requests, whose webhooks it sends by its `sender`.

    With a clock that tests advance, the thread that advances it sends each webhook that
    is due once, so that no call is open when `advance` returns. With a running clock, a
    thread of its own sends them.
    """

    calls = frozenset({"submit", "check"})
    key_header, root = "x-api-key", "/api/v1"
    behaviour_type = TxncheckBehaviour

    def __init__(
        self,
        *,
        signing_secret: str | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        **common: Any,  # noqa: ANN401 what the base class takes
    ) -> None:
        self.signing_secret = signing_secret  # None: requests need no signature
        self._first_webhooks = webhook_url, webhook_secret
        self.sender = WebhookSender()
        super().__init__(**common)

    def reset(self) -> None:
        """Forget everything but the time, requests and webhooks included."""
        super().reset()
        self._accepted: dict[str, AcceptedRequest] = {}
        self._pending: list[AcceptedRequest] = []
        self._sent: dict[str, SignedWebhook] = {}
        self.webhook_url, self.webhook_secret = self._first_webhooks

    @property
    def webhook_url(self) -> str | None:
        """Where webhooks go, on this machine only; None for nowhere."""
        return self._webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._webhook_url = None if url is None else check_url(url)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Send webhooks by the clock until the block ends."""

        def send_what_is_due() -> None:
            while not self.stopping.wait(timeout=0.02):
                self._send_due()

        thread = threading.Thread(target=send_what_is_due, name="simulator:webhooks")
        if self.clock.runs:
            thread.start()
        else:
            self.clock.listeners.append(self._send_due)
        try:
            yield
        finally:
            self.stop()
            if self.clock.runs:
                thread.join()

    def stop(self) -> None:
        """End running work, open webhook calls included."""
        super().stop()
        self.sender.stop()

    @property
    def accepted(self) -> list[AcceptedRequest]:
        """All accepted requests, which are paid for, oldest first."""
        return list(self._accepted.values())

    @property
    def charged(self) -> int:
        """See `SimulatedProvider.charged`."""
        return sum(request.item_count for request in self.accepted)

    def accept(self, method: str, fields: Mapping[str, Any]) -> AcceptedRequest | None:
        """Accept a request, which is paid for; None if the balance is too low."""
        request = AcceptedRequest(
            provider=self,
            id=str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
            method=method,
            fields=fields,
            created_at=self.now(),
        )
        balance = self.behaviour.balance
        with self._lock:
            if balance is not None and self.charged + request.item_count > balance:
                return None
            self._accepted[request.id] = request
            self._pending.append(request)
        if self.behaviour.webhook_early:
            self._send_due()
        return request

    def find(self, request_id: str) -> AcceptedRequest | None:
        """Return a request, None while it is not known yet, or not known any more."""
        request = self._accepted.get(request_id)
        if request is None or not request.is_retained(self):
            return None
        age = self.now() - request.created_at
        return request if age >= self.behaviour.seconds_unknown else None

    @property
    def next_webhook_at(self) -> float | None:
        """When a webhook is due next; None if none is."""
        if self.webhook_url is None:
            return None
        with self._lock:
            due = [max(each.due_at, each.retry_at) for each in self._pending]
        return min(due, default=None)

    def redeliver(
        self,
        request_id: str,
        *,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
    ) -> int | None:
        """Send the last webhook of a request again, and return the response's status.

        Headers are changed, or removed if their value is None. Without a response, the
        status is None.

        Raises:
            KeyError: No webhook of the request was sent.
        """
        webhook = self._sent[request_id]
        changed = {**webhook.headers, **(headers or {})}
        present = {name: value for name, value in changed.items() if value is not None}
        return self._post(
            SignedWebhook(present, webhook.body if body is None else body)
        )

    def _post(self, webhook: SignedWebhook) -> int | None:
        url, seconds = self.webhook_url, self.behaviour.webhook_answer_seconds
        return self.sender.post(url, webhook, seconds) if url else None

    def _send_due(self) -> None:
        if self.stopping.is_set():
            return
        now = self.now()
        with self._lock:
            due = [
                request
                for request in self._pending
                if max(request.due_at, request.retry_at) <= now
            ]
            self._pending = [request for request in self._pending if request not in due]
        for request in due:
            self._try(request)

    def _try(self, request: AcceptedRequest) -> None:
        completion, pauses = request.completion, self.behaviour.webhook_retry_seconds
        if completion is None or self.webhook_url is None:
            return
        request.webhook_attempts += 1
        webhook = signed_webhook(request, completion, self.webhook_secret)
        self._sent[request.id] = webhook
        lost = request.webhook_attempts <= self.behaviour.webhook_losses
        status = None if lost else self._post(webhook)
        if status in range(200, 300):
            request.webhook_status = "SENT"
        elif request.webhook_attempts > len(pauses):
            request.webhook_status = "FAILED"
        else:
            request.webhook_status = "RETRYING"
            request.retry_at = self.now() + pauses[request.webhook_attempts - 1]
            with self._lock:
                self._pending.append(request)
