"""Scheduler: what happens when, by the world's own clock."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from local.simulators.clock import Clock


@dataclass(order=True)
class Event:
    """Something that happens at a time, unless it is cancelled before."""

    at: float
    number: int
    act: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


@dataclass
class Scheduler:
    """The events to come; those of one moment happen in the order they were planned.

    `next_outside` returns when the outside will act by itself (a provider sends a
    webhook when the clock is advanced), or None.
    """

    clock: Clock
    next_outside: Callable[[], float | None] = lambda: None
    _events: list[Event] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def after(self, seconds: float, act: Callable[[], None]) -> Event:
        """Plan an event some seconds from now."""
        at = self.clock.now() + max(0.0, seconds)
        event = Event(at, next(self._numbers), act)
        heapq.heappush(self._events, event)
        return event

    def run(self, *, until: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Let events happen up to a time, which it is then; `stop` ends it early.

        With an infinite time, end when nothing is to come.
        """
        while not stop():
            while self._events and self._events[0].cancelled:
                heapq.heappop(self._events)
            own = self._events[0].at if self._events else float("inf")
            outside = self.next_outside()
            due = min(own, float("inf") if outside is None else outside)
            if due > until or due == float("inf"):
                if until != float("inf"):
                    self._advance_to(until)
                return
            self._advance_to(due)
            if due == own:
                event = heapq.heappop(self._events)
                if not event.cancelled:
                    event.act()

    def _advance_to(self, at: float) -> None:
        # Not less than the time, although the difference of floats may be.
        missing = at - self.clock.now()
        self.clock.advance(max(0.0, missing))
        while self.clock.now() < at:
            self.clock.advance(1e-6)
