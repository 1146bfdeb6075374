"""One request that the provider holds: how it stands, and how it ended."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.simulators.txncheck import outcomes as endings
from local.simulators.txncheck.behaviour import Behaviour, End
from local.simulators.txncheck.routes import Method

QUEUED = "QUEUED"
PROCESSING = "PROCESSING"
COMPLETED = "COMPLETED"
FAILED = "FAILED"
PARTIAL = "PARTIAL"

# Of the webhook
PENDING = "PENDING"
SENT = "SENT"
RETRYING = "RETRYING"

TERMINAL = frozenset({COMPLETED, FAILED, PARTIAL})
_WORDS = {
    End.COMPLETED: COMPLETED,
    End.PARTIAL: PARTIAL,
    End.BUSINESS_ERROR: FAILED,
    End.TEMPORARY: FAILED,
}
_ENDS = {
    COMPLETED: End.COMPLETED,
    PARTIAL: End.PARTIAL,
    FAILED: End.BUSINESS_ERROR,
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """One accepted request, billed, as tests may look at it: nothing of a person."""

    id: str
    method: str
    created_at: float
    item_count: int
    status: str
    webhook_status: str | None
    looks: int  # answered GETs


@dataclass(frozen=True, slots=True)
class Ended:
    """An end that is decided: later switches change nothing about it."""

    end: End
    at: float

    @property
    def status(self) -> str:
        """The provider's word for it."""
        return _WORDS[self.end]


@dataclass(slots=True, eq=False)
class Held:
    """One request in work."""

    id: str
    method: Method
    fields: Mapping[str, Any] = field(repr=False)
    created_at: float
    ended: Ended | None = None
    webhook_status: str | None = PENDING
    script: tuple[str, ...] = ()
    said: int = 0  # words of the script
    looks: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def item_count(self) -> int:
        """What is paid: each VPA of a bulk call, otherwise the request."""
        bulk = self.method is Method.BULK_CHARGEBACK
        return len(self.fields["vpas"]) if bulk else 1

    def due(self, behaviour: Behaviour) -> float:
        """When the work is done, or will be as the switches stand."""
        if self.ended is not None:
            return self.ended.at
        seconds = behaviour.seconds_queued + behaviour.seconds_processing
        return self.created_at + seconds

    def settle(self, now: float, behaviour: Behaviour) -> Ended | None:
        """Decide the end if its time has come."""
        with self.lock:
            if self.ended is None and now >= self.due(behaviour):
                end = endings.end_of(self.method, self.fields, behaviour)
                self.ended = Ended(end, self.due(behaviour))
            return self.ended

    def status(self, now: float, behaviour: Behaviour) -> str:
        """The word at this moment, without any scripted one."""
        ended = self.settle(now, behaviour)
        if ended is not None:
            return ended.status
        waits = now - self.created_at < behaviour.seconds_queued
        return QUEUED if waits else PROCESSING

    def look(self, now: float, behaviour: Behaviour) -> tuple[str, Ended | None]:
        """The word that a GET gets, and its end; it uses up one scripted word."""
        status = self.status(now, behaviour)
        with self.lock:
            self.looks += 1
            if not behaviour.statuses:
                return status, self.ended
            if self.script is not behaviour.statuses:
                self.script, self.said = behaviour.statuses, 0
            word = self.script[min(self.said, len(self.script) - 1)]
            self.said += 1
            if word not in TERMINAL:
                return word, None
            if self.ended is not None and self.ended.status == word:
                return word, self.ended
            return word, Ended(_ENDS[word], now)
