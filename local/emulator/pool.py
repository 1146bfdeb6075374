"""A bounded number of warm Lambda environments, shared by all functions."""

import contextlib
import threading
from collections.abc import Iterator

from local.emulator.environment import Environment, Function


class EnvironmentPool:
    """Lends environments; at the limit a call waits for one, it starts no more.

    AWS would throttle or start another one; here the memory of one machine is
    the limit. A function that calls a function and waits holds its own
    environment meanwhile, so such chains must stay shorter than the limit.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._idle: list[Environment] = []  # the least recently used one first
        self._count = 0

    @contextlib.contextmanager
    def lease(self, function: Function) -> Iterator[Environment]:
        """An environment of exactly this version of the function, for one call."""
        environment = self._take(function)
        try:
            if environment is None:
                environment = Environment(function)
            yield environment
        finally:
            self._give_back(environment)

    def _take(self, function: Function) -> Environment | None:
        """An idle environment, or None for the right to start one."""
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

    def _give_back(self, environment: Environment | None) -> None:
        kept = environment is not None and environment.alive
        if environment is not None and not kept:
            environment.stop()
        with self._changed:
            if environment is not None and kept:
                self._idle.append(environment)
            else:
                self._count -= 1
            self._changed.notify()
