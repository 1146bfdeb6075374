"""An accepted request, with its status by the clock and its end."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.simulators.provider import SimulatedJob, SimulatedProvider
from local.simulators.txncheck.behaviour import RequestOutcome, TxncheckBehaviour
from local.simulators.txncheck.outcomes import outcome_of

BULK = "bulk/vpa-chargeback-check"
_SCRIPTED = {
    "COMPLETED": RequestOutcome.COMPLETED,
    "PARTIAL": RequestOutcome.PARTIAL,
    "FAILED": RequestOutcome.BUSINESS_ERROR,
}


@dataclass(frozen=True, slots=True)
class Completion:
    """How and when a request ended; switches that are set later do not change it."""

    outcome: RequestOutcome
    at: float

    @property
    def status(self) -> str:
        """The provider's status word for the outcome."""
        word = self.outcome.name
        return word if word in _SCRIPTED else "FAILED"


@dataclass(kw_only=True, eq=False)
class AcceptedRequest(SimulatedJob):
    """A request, whose status follows from the current time and switches."""

    provider: SimulatedProvider[TxncheckBehaviour] = field(repr=False)
    id: str
    method: str  # the path of the call
    fields: Mapping[str, Any] = field(repr=False)  # personal data
    webhook_status: str = "PENDING"
    webhook_attempts: int = 0
    retry_at: float = 0.0  # when a webhook that failed is sent again
    _completion: Completion | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def item_count(self) -> int:
        """The number of items to pay for: each VPA of a bulk call, else the request."""
        return len(self.fields["vpas"]) if self.method == BULK else 1

    @property
    def due_at(self) -> float:
        """When the work ended, or will end by the current switches."""
        if self._completion is not None:
            return self._completion.at
        behaviour = self.provider.behaviour
        return self.created_at + behaviour.seconds_queued + behaviour.seconds_processing

    @property
    def completion(self) -> Completion | None:
        """How the request ended, which is decided when its time has passed."""
        with self._lock:
            if self._completion is None and self.provider.now() >= self.due_at:
                forced = self.provider.behaviour.ends
                outcome = outcome_of(self.method, self.fields, forced)
                self._completion = Completion(outcome, self.due_at)
            return self._completion

    @property
    def status(self) -> str:
        """The status word, without any scripted one."""
        if completion := self.completion:
            return completion.status
        age = self.provider.now() - self.created_at
        queued = age < self.provider.behaviour.seconds_queued
        return "QUEUED" if queued else "PROCESSING"

    def poll(self) -> tuple[str, Completion | None]:
        """Return the word and the end for a status call, and count the call."""
        word, completion = self.next_word(self.provider.behaviour.statuses), None
        if word is None or word == self.status:
            return self.status, self.completion
        if outcome := _SCRIPTED.get(word):
            completion = Completion(outcome, self.provider.now())
        return word, completion
