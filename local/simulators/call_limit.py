"""Rate limits: how many calls a provider takes within some seconds."""

import threading
from collections import deque
from dataclasses import dataclass

from local.simulators.http_writer import Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimit:
    """At most so many calls within so many seconds, and the answer beyond them."""

    calls: int
    seconds: float = 60.0
    status: int = 429
    retry_after: str | None = None  # the header's value; None leaves it out
    posts_only: bool = False  # whether other calls are free

    @property
    def headers(self) -> Headers:
        """The headers of the answer to a call beyond the limit."""
        hint = self.retry_after
        return () if hint is None else (("Retry-After", hint),)


class CallCounter:
    """Counts the calls of the last seconds; calls at the same time count each."""

    def __init__(self) -> None:
        self._calls: deque[float] = deque()
        self._lock = threading.Lock()

    def admits(self, limit: CallLimit, *, now: float) -> bool:
        """Return whether another call is within the limit; if so, count it."""
        with self._lock:
            while self._calls and now - self._calls[0] >= limit.seconds:
                self._calls.popleft()
            admitted = len(self._calls) < limit.calls
            if admitted:
                self._calls.append(now)
        return admitted
