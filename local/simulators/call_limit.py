"""Counting calls within a time that moves along."""

import threading
from collections import deque


class Window:
    """The calls of the last seconds; of two calls at once each is counted."""

    def __init__(self) -> None:
        self._calls: deque[float] = deque()
        self._lock = threading.Lock()

    def admits(self, calls: int, seconds: float, *, now: float) -> bool:
        """Whether another call is within the limit; if so, it counts from now on."""
        with self._lock:
            while self._calls and now - self._calls[0] >= seconds:
                self._calls.popleft()
            if len(self._calls) >= calls:
                return False
            self._calls.append(now)
        return True

    def clear(self) -> None:
        """Count anew."""
        with self._lock:
            self._calls.clear()
