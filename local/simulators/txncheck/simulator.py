"""The simulator as tests and the local stack use it."""

import random
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

from local.simulators.clock import Clock
from local.simulators.faults import Answer, Script
from local.simulators.seen import Log
from local.simulators.server import LOOPBACK, serving
from local.simulators.txncheck.api import Api
from local.simulators.txncheck.behaviour import Behaviour
from local.simulators.txncheck.held import Accepted
from local.simulators.txncheck.routes import ROOT
from local.simulators.txncheck.seen import Seen
from local.simulators.txncheck.store import Store
from local.simulators.txncheck.world import World

CALLS = frozenset({"submit", "check"})


class TxncheckSimulator:
    """TxnCheck's API on a socket of this machine; made by `started`."""

    def __init__(self, world: World, base_url: str) -> None:
        self._world = world
        self._base_url = base_url
        self._key = min(world.keys)

    @classmethod
    @contextmanager
    def started(
        cls,
        *,
        api_key: str,
        signing_secret: str | None = None,
        clock: Clock | None = None,
        behaviour: Behaviour | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        name: str = LOOPBACK,
        seed: int = 0,
    ) -> Iterator[Self]:
        """Serve until the block ends, then leave no thread or socket.

        With a `signing_secret` every request must be signed with it. The name is
        the one that appears in the address; it resolves to loopback.
        """
        randomness = random.Random(seed)  # noqa: S311 ids of a simulator must be repeatable
        world = World(
            keys=frozenset({api_key}),
            signing_secret=signing_secret,
            clock=clock or Clock(),
            behaviour=behaviour or Behaviour(),
            randomness=randomness,
            store=Store(randomness),
        )
        scheme = "http" if tls is None else "https"
        with serving(Api(world), port=port, tls=tls) as api:
            try:
                yield cls(world, f"{scheme}://{name}:{api.port}{ROOT}")
            finally:
                world.stopping.set()

    # Where it is

    @property
    def base_url(self) -> str:
        """Where the calls are, with scheme and `/api/v1`."""
        return self._base_url

    @property
    def clock(self) -> Clock:
        """What the life cycle and limits follow."""
        return self._world.clock

    # How it behaves

    @property
    def behaviour(self) -> Behaviour:
        """The switches as they stand."""
        return self._world.behaviour

    def behave(self, **changes: Any) -> None:  # noqa: ANN401 the fields of Behaviour, which checks them
        """Set switches, all at once, for the calls that come from now on."""
        self._world.behaviour = replace(self._world.behaviour, **changes)

    def script(self, call: str, answers: Iterable[Answer]) -> None:
        """Queue answers for a kind of call; afterwards it is normal again."""
        if call not in CALLS:
            raise ValueError(f"{call!r} is none of {sorted(CALLS)}")
        self._world.script.add(call, answers, None)

    @property
    def unused(self) -> int:
        """How many scripted answers were never asked for."""
        return self._world.script.left()

    def rotate_key(self, api_key: str, *, keep_old: bool = False) -> None:
        """Let another key work, beside the old one or in its place."""
        kept = self._world.keys if keep_old else frozenset()
        self._world.keys = kept | {api_key}

    # What it saw

    @property
    def accepted(self) -> list[Accepted]:
        """What was accepted, and is billed, oldest first, by the clock of now."""
        now = self.clock.now()
        return [
            Accepted(
                id=held.id,
                method=held.method.value,
                created_at=held.created_at,
                item_count=held.item_count,
                status=held.status(now, self.behaviour),
                webhook_status=held.webhook_status,
                looks=held.looks,
            )
            for held in self._world.store.all()
        ]

    @property
    def requests(self) -> list[Seen]:
        """Every request in the order of arrival, without secrets and bodies."""
        return self._world.log.all()

    def reset(self) -> None:
        """Forget all but the time: requests, calls, scripts, switches and keys."""
        world = self._world
        world.store = Store(world.randomness)
        world.log = Log()
        world.script = Script()
        world.calls.clear()
        world.behaviour = Behaviour()
        world.keys = frozenset({self._key})
