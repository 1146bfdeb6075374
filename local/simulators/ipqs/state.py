"""Everything that the two hosts of the provider share."""

import random
from dataclasses import dataclass, field

from local.simulators.call_limit import Window
from local.simulators.clock import Clock
from local.simulators.faults import Script
from local.simulators.ipqs.behaviour import Behaviour, RateLimit
from local.simulators.ipqs.links import Links
from local.simulators.ipqs.seen import Seen
from local.simulators.ipqs.store import Store
from local.simulators.request_log import Log


@dataclass(slots=True)
class World:
    """The state of the simulated provider; its parts lock themselves."""

    keys: frozenset[str]
    clock: Clock
    behaviour: Behaviour
    randomness: random.Random
    store: Store
    links: Links
    log: Log[Seen] = field(default_factory=Log)
    script: Script = field(default_factory=Script)
    api_url: str = ""
    download_url: str = ""
    _calls: Window = field(default_factory=Window)

    def now(self) -> float:
        """Seconds since 1970, by the simulator's clock."""
        return self.clock.now()

    def forget_calls(self) -> None:
        """Count anew towards the limit."""
        self._calls.clear()

    def too_often(self) -> RateLimit | None:
        """The limit that this call is beyond; a call within it counts."""
        limit = self.behaviour.rate_limit
        if limit is None:
            return None
        within = self._calls.admits(limit.calls, limit.seconds, now=self.now())
        return None if within else limit
