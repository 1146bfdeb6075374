"""Webhooks about ended requests: when they are due, signed, sent and tried again."""

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from functions.core.signatures import sign
from local.simulators.provider import SimulatedProvider
from local.simulators.txncheck.behaviour import TxncheckBehaviour
from local.simulators.txncheck.documents import stamp, webhook_data, written
from local.simulators.txncheck.job import AcceptedRequest, Completion
from local.simulators.txncheck.webhook_sender import WebhookSender, check_url


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """A webhook ready to be sent, again and again if need be."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # has personal data


@dataclass(slots=True, eq=False)
class _Pending:
    request: AcceptedRequest
    attempts: int = 0
    next_at: float = 0.0

    @property
    def due_at(self) -> float:
        return max(self.request.due_at, self.next_at)


class WebhookingProvider(SimulatedProvider[TxncheckBehaviour]):
    """A provider that sends a webhook for each end, to this machine only.

    With a clock that tests advance, webhooks are sent in the thread that advances
    it, so that nothing is under way when `advance` returns; then each is tried once.
    With a running clock a thread sends them. Without a secret they are not signed.
    """

    behaviour_type = TxncheckBehaviour

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        **common: Any,  # noqa: ANN401 what the base class takes
    ) -> None:
        self._first_webhooks = webhook_url, webhook_secret
        self._sender = WebhookSender()
        self._woken = threading.Event()
        super().__init__(**common)

    def reset(self) -> None:
        """Forget everything but the time, webhooks included."""
        super().reset()
        self._pending: list[_Pending] = []
        self._sent: dict[str, SignedWebhook] = {}
        self.webhook_url, self.webhook_secret = self._first_webhooks

    @property
    def webhook_url(self) -> str | None:
        """Where webhooks go; None for nowhere."""
        return self._webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._webhook_url = None if url is None else check_url(url)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Send webhooks by the clock until the block ends."""
        if not self.clock.runs:
            with self.clock.notifying(self._send_due):
                yield
            return
        thread = threading.Thread(target=self._run, name="simulator:webhooks")
        thread.start()
        with self.clock.notifying(self._woken.set):
            try:
                yield
            finally:
                self.stop()
                thread.join()

    def stop(self) -> None:
        """Cut what is under way short."""
        super().stop()
        self._sender.stop()
        self._woken.set()

    def behave(self, **changes: Any) -> None:  # noqa: ANN401 as in the base class
        """Set switches, and send what is due by them."""
        super().behave(**changes)
        self._woken.set()

    def announce(self, request: AcceptedRequest) -> None:
        """Send a webhook when the request has ended."""
        with self._lock:
            self._pending.append(_Pending(request))
        if self.behaviour.webhook_early:
            self._send_due()
        self._woken.set()

    def redeliver(
        self,
        request_id: str,
        *,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
    ) -> int | None:
        """Send the last webhook of a request once more; KeyError if there is none.

        The headers are changed, or removed where they are None. Return the status
        of the answer, None if there was none.
        """
        sent = self._sent[request_id]
        changed = {**sent.headers, **(headers or {})}
        kept = {name: value for name, value in changed.items() if value is not None}
        return self._post(SignedWebhook(kept, sent.body if body is None else body))

    def _run(self) -> None:
        while not self.stopping.is_set():
            self._woken.clear()
            self._send_due()
            with self._lock:
                moments = [pending.due_at for pending in self._pending]
            seconds = max(min(moments) - self.now(), 0.0) if moments else None
            if not self.stopping.is_set():
                self._woken.wait(seconds)

    def _send_due(self) -> None:
        now = self.now()
        with self._lock:
            due = [pending for pending in self._pending if pending.due_at <= now]
            self._pending = [each for each in self._pending if each not in due]
        for pending in due:
            completion = pending.request.completion
            if completion is not None and self.webhook_url is not None:
                self._try(pending, completion)

    def _try(self, pending: _Pending, completion: Completion) -> None:
        request, pauses = pending.request, self.behaviour.webhook_retry_seconds
        pending.attempts += 1
        self._sent[request.id] = webhook = self._signed(request, completion)
        lost = pending.attempts <= self.behaviour.webhook_losses
        status = None if lost else self._post(webhook)
        if status in range(200, 300):
            request.webhook_status = "SENT"
        elif pending.attempts > len(pauses):
            request.webhook_status = "FAILED"
        else:
            request.webhook_status = "RETRYING"
            pending.next_at = self.now() + pauses[pending.attempts - 1]
            with self._lock:
                self._pending.append(pending)

    def _signed(
        self, request: AcceptedRequest, completion: Completion
    ) -> SignedWebhook:
        now, scheme = self.now(), self.behaviour.webhook_scheme
        event = f"request.{completion.status.lower()}"
        data = webhook_data(request, completion.status, completion)
        body = written({"event": event, "timestamp": stamp(now), "data": data})
        unit = 1000 if scheme.timestamp_unit == "milliseconds" else 1
        stamps = {
            "timestamp": str(int(now * unit)),
            "delivery_id": str(uuid.uuid5(uuid.UUID(request.id), event)),
        }
        headers = {
            "Content-Type": "application/json",
            scheme.timestamp_header: stamps["timestamp"],
            scheme.id_header: stamps["delivery_id"],
        }
        headers.pop("", None)  # the name of a header that the scheme does not have
        if secret := self.webhook_secret:
            signature = sign(scheme, secret, body=body, **stamps)
            headers[scheme.signature_header] = signature
        return SignedWebhook(headers, body)

    def _post(self, webhook: SignedWebhook) -> int | None:
        if self.webhook_url is None:
            return None
        seconds = self.behaviour.webhook_answer_seconds
        url, headers, body = self.webhook_url, webhook.headers, webhook.body
        return self._sender.post(url, headers, body, seconds=seconds)
