"""Keep a limited number of warm Lambda environments, which all functions share."""

import contextlib
import threading
from collections.abc import Iterator

from local.emulator.environment import Environment, FunctionConfig


class EnvironmentPool:
    """Lends environments; when all are in use, a call waits for one.

    AWS would start another environment or throttle the call; here the limit is
    the memory of one machine. A function that calls another one and waits for it
    keeps its own environment meanwhile, so such chains must stay shorter than
    the limit.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._idle: list[Environment] = []  # least recently used first
        self._count = 0

    @contextlib.contextmanager
    def lease(self, function: FunctionConfig) -> Iterator[Environment]:
        """Lend an environment of exactly this version of the function for one call."""
        environment = self._take(function)
        try:
            if environment is None:
                environment = Environment(function)
            yield environment
        finally:
            self._return(environment)

    def _take(self, function: FunctionConfig) -> Environment | None:
        """Return an idle environment, or None when the caller may start one."""
        with self._changed:
            while True:
                warm = next((e for e in self._idle if e.serves(function)), None)
                if warm is not None:
                    self._idle.remove(warm)
                    return warm
                if self._count < self._limit:
                    self._count += 1
                    return None
                if self._idle:
                    self._idle.pop(0).stop()
                    return None
                self._changed.wait()

    def _return(self, environment: Environment | None) -> None:
        reusable = environment is not None and environment.alive
        if environment is not None and not reusable:
            environment.stop()
        with self._changed:
            if environment is not None and reusable:
                self._idle.append(environment)
            else:
                self._count -= 1
            self._changed.notify()
