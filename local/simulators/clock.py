"""The clocks that simulators follow: one stands still until told, one runs."""

import threading
import time


class Clock:
    """Seconds since 1970 that move only by `advance`, so that no test waits."""

    runs = False  # whether time passes by itself

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self._now = now
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since 1970."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Let that much time pass at once."""
        with self._lock:
            self._now += seconds


class RunningClock(Clock):
    """The real time; `advance` puts it ahead."""

    runs = True

    def __init__(self) -> None:
        super().__init__(now=0.0)

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + super().now()
