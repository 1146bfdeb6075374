"""Everything that the two hosts of the provider share."""

import random
import threading
from collections import deque
from dataclasses import dataclass, field

from local.simulators.clock import Clock
from local.simulators.faults import Script
from local.simulators.ipqs.behaviour import Behaviour, RateLimit
from local.simulators.ipqs.links import Links
from local.simulators.ipqs.seen import Log
from local.simulators.ipqs.store import Store


@dataclass(slots=True)
class World:
    """The state of the simulated provider; its parts lock themselves."""

    keys: frozenset[str]
    clock: Clock
    behaviour: Behaviour
    randomness: random.Random
    store: Store
    links: Links
    log: Log = field(default_factory=Log)
    script: Script = field(default_factory=Script)
    api_url: str = ""
    download_url: str = ""
    _calls: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        """Seconds since 1970, by the simulator's clock."""
        return self.clock.now()

    def forget_calls(self) -> None:
        """Count anew towards the limit."""
        with self._lock:
            self._calls.clear()

    def too_often(self) -> RateLimit | None:
        """The limit that this call is beyond; a call within it counts."""
        limit = self.behaviour.rate_limit
        if limit is None:
            return None
        now = self.now()
        with self._lock:
            while self._calls and now - self._calls[0] >= limit.seconds:
                self._calls.popleft()
            if len(self._calls) >= limit.calls:
                return limit
            self._calls.append(now)
        return None
