"""Everything that the parts of the simulated provider share."""

import random
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.simulators.call_limit import Window
from local.simulators.clock import Clock
from local.simulators.faults import Script
from local.simulators.request_log import Log
from local.simulators.txncheck.behaviour import Behaviour, Counts, RateLimit
from local.simulators.txncheck.store import Store

if TYPE_CHECKING:
    from local.simulators.txncheck.seen import Seen


@dataclass(slots=True)
class World:
    """The state of the simulated provider; its parts lock themselves."""

    keys: frozenset[str]
    signing_secret: str | None
    webhook_url: str | None
    webhook_secret: str | None
    clock: Clock
    behaviour: Behaviour
    randomness: random.Random
    store: Store
    log: "Log[Seen]" = field(default_factory=Log)
    script: Script = field(default_factory=Script)
    calls: Window = field(default_factory=Window)  # that count towards the limit
    stopping: threading.Event = field(default_factory=threading.Event)

    def now(self) -> float:
        """Seconds since 1970, by the simulator's clock."""
        return self.clock.now()

    def too_often(self, *, is_post: bool) -> RateLimit | None:
        """The limit that this call is beyond; a call within it counts."""
        limit = self.behaviour.rate_limit
        if limit is None or not (is_post or limit.counts is Counts.ALL):
            return None
        within = self.calls.admits(limit.calls, limit.seconds, now=self.now())
        return None if within else limit
