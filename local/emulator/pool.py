"""Keep a limited number of warm Lambda environments; each function has its share."""

import contextlib
import threading
from collections import deque
from collections.abc import Iterator

from local.emulator.environment import Environment, FunctionConfig

#: The most environments of one function. With more, many calls of one would end the
#: warm environments of all others, whose next calls each wait for a cold start.
SHARE = 4


class EnvironmentPool:
    """Lends environments; a call waits for one when its function's share is in use.

    AWS would start another environment or throttle the call; here the limit is
    the memory of one machine. Calls are served in the order in which they came, and
    only the one whose turn it is wakes up: a thousand that wait would otherwise wake
    at each end of a call, and some would wait for longer than their state may take.

    A function that calls another one and waits for it keeps its own environment
    meanwhile, so such chains must stay shorter than the limit.
    """

    def __init__(self, limit: int, share: int = SHARE) -> None:
        self._limit = limit
        self._share = share
        self._lock = threading.Lock()
        self._idle: list[Environment] = []  # least recently used first
        self._lent: dict[str, int] = {}  # how many are in use, by function
        self._waiting: deque[tuple[str, threading.Event]] = deque()

    @contextlib.contextmanager
    def lease(self, function: FunctionConfig) -> Iterator[Environment]:
        """Lend an environment of exactly this version of the function for one call."""
        environment = self._take(function)
        try:
            if environment is None:
                environment = Environment(function)
            yield environment
        finally:
            self._return(function, environment)

    def _take(self, function: FunctionConfig) -> Environment | None:
        """Return an idle environment, or None when the caller may start one."""
        turn = threading.Event()
        with self._lock:
            self._waiting.append((function.arn, turn))
            self._admit()
        turn.wait()
        with self._lock:
            warm = next((e for e in self._idle if e.serves(function)), None)
            if warm is not None:
                self._idle.remove(warm)
                return warm
            if len(self._idle) + sum(self._lent.values()) > self._limit:
                self._idle.pop(0).stop()
            return None

    def _admit(self) -> None:
        """Let the first one run that may: one came or one went, so no second may."""
        if sum(self._lent.values()) >= self._limit:
            return
        for place, (arn, turn) in enumerate(self._waiting):
            if self._lent.get(arn, 0) < self._share:
                self._lent[arn] = self._lent.get(arn, 0) + 1
                del self._waiting[place]
                turn.set()
                return

    def _return(
        self, function: FunctionConfig, environment: Environment | None
    ) -> None:
        reusable = environment is not None and environment.alive
        if environment is not None and not reusable:
            environment.stop()
        with self._lock:
            self._lent[function.arn] -= 1
            if environment is not None and reusable:
                self._idle.append(environment)
            self._admit()
