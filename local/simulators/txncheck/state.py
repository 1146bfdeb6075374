"""The accepted requests of the simulated TxnCheck."""

import uuid
from collections.abc import Mapping
from typing import Any

from local.simulators.txncheck.job import AcceptedRequest
from local.simulators.txncheck.webhooks import WebhookingProvider


class TxncheckState(WebhookingProvider):
    """Every request that was accepted; all must be signed if there is a secret."""

    calls = frozenset({"submit", "check"})
    key_header, root = "x-api-key", "/api/v1"

    def __init__(self, *, signing_secret: str | None = None, **common: Any) -> None:  # noqa: ANN401 what the base class takes
        super().__init__(**common)
        self.signing_secret = signing_secret

    def reset(self) -> None:
        """Forget everything but the time, the accepted requests included."""
        super().reset()
        self._accepted: dict[str, AcceptedRequest] = {}

    @property
    def accepted(self) -> list[AcceptedRequest]:
        """Every request that was accepted, and is billed, oldest first."""
        return list(self._accepted.values())

    def accept(self, method: str, fields: Mapping[str, Any]) -> AcceptedRequest | None:
        """Accept a request, which is paid from here on; None if it cannot be paid."""
        request = AcceptedRequest(
            provider=self,
            id=str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
            method=method,
            fields=fields,
            created_at=self.now(),
        )
        balance = self.behaviour.balance
        with self._lock:
            paid = sum(each.item_count for each in self.accepted)
            if balance is not None and paid + request.item_count > balance:
                return None
            self._accepted[request.id] = request
        self.announce(request)
        return request

    def find(self, request_id: str) -> AcceptedRequest | None:
        """Return a request that can be asked about already, and still."""
        request = self._accepted.get(request_id)
        if request is None or not request.is_retained(self):
            return None
        known = self.now() - request.created_at >= self.behaviour.seconds_unknown
        return request if known else None
