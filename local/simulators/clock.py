"""Clocks of the simulators: one that tests advance, one that follows real time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Clock:
    """Seconds since 1970 that pass only by `advance`, so that no test waits."""

    runs = False  # whether time passes by itself

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        """Return the seconds since 1970."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Add seconds to the clock, then call the listeners in this thread."""
        with self._lock:
            self._now += seconds
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    @contextmanager
    def notifying(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call the listener after each advance until the block ends."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)


class RunningClock(Clock):
    """Real time; `advance` puts it ahead."""

    runs = True

    def __init__(self) -> None:
        super().__init__(now=0.0)

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time() + super().now()
