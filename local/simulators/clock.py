"""Clocks of the simulators: one that tests advance, one that follows real time."""

import time
from collections.abc import Callable


class Clock:
    """Seconds since 1970 that pass only by `advance`, so that no test waits.

    The `listeners` are called after each advance, in the thread that advances.
    """

    runs = False  # whether time passes by itself

    def __init__(self) -> None:
        self.listeners: list[Callable[[], None]] = []
        self.advanced = 0.0  # seconds

    def now(self) -> float:
        """Return the seconds since 1970."""
        return 1_750_000_000.0 + self.advanced

    def advance(self, seconds: float) -> None:
        """Add seconds to the clock, then call the listeners."""
        self.advanced += seconds
        for listener in self.listeners.copy():
            listener()


class RunningClock(Clock):
    """Real time; `advance` puts it ahead."""

    runs = True

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time() + self.advanced
