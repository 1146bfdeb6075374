"""The clocks that simulators follow: one stands still until told, one runs."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Clock:
    """Seconds since 1970 that move only by `advance`, so that no test waits."""

    runs = False  # whether time passes by itself

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        """Seconds since 1970."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Let that much time pass at once, and what is due then happen."""
        with self._lock:
            self._now += seconds
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call it after each advance, in the thread that advances."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)


class RunningClock(Clock):
    """The real time; `advance` puts it ahead."""

    runs = True

    def __init__(self) -> None:
        super().__init__(now=0.0)

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + super().now()
