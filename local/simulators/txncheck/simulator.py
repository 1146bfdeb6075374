"""The simulator as tests and the local stack use it."""

import random
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

from local.simulators.clock import Clock
from local.simulators.faults import Answer, Script
from local.simulators.request_log import Log
from local.simulators.server import LOOPBACK, serving
from local.simulators.txncheck.api import Api
from local.simulators.txncheck.behaviour import Behaviour
from local.simulators.txncheck.job import Accepted
from local.simulators.txncheck.routes import ROOT
from local.simulators.txncheck.seen import Seen
from local.simulators.txncheck.state import World
from local.simulators.txncheck.store import Store
from local.simulators.txncheck.webhook_sender import checked
from local.simulators.txncheck.webhooks import Attempt, Webhooks

CALLS = frozenset({"submit", "check"})


class TxncheckSimulator:
    """TxnCheck's API on a socket of this machine; made by `started`."""

    def __init__(self, world: World, webhooks: Webhooks, base_url: str) -> None:
        self._world = world
        self._webhooks = webhooks
        self._base_url = base_url
        self._first = (world.keys, world.webhook_url, world.webhook_secret)

    @classmethod
    @contextmanager
    def started(
        cls,
        *,
        api_key: str,
        signing_secret: str | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        clock: Clock | None = None,
        behaviour: Behaviour | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        name: str = LOOPBACK,
        seed: int = 0,
    ) -> Iterator[Self]:
        """Serve until the block ends, then leave no thread or socket.

        With a `signing_secret` every request must be signed with it. The name is
        the one that appears in the address; it resolves to loopback. Webhooks are
        signed with their secret, and go to an http:// address on loopback only.
        """
        randomness = random.Random(seed)  # noqa: S311 ids of a simulator must be repeatable
        world = World(
            keys=frozenset({api_key}),
            signing_secret=signing_secret,
            webhook_url=None if webhook_url is None else checked(webhook_url),
            webhook_secret=webhook_secret,
            clock=clock or Clock(),
            behaviour=behaviour or Behaviour(),
            randomness=randomness,
            store=Store(randomness),
        )
        scheme = "http" if tls is None else "https"
        webhooks = Webhooks(world)
        with (
            serving(Api(world, webhooks), port=port, tls=tls) as api,
            webhooks.sending(),
        ):
            yield cls(world, webhooks, f"{scheme}://{name}:{api.port}{ROOT}")

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
        self._webhooks.wake()

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

    # Webhooks

    @property
    def webhook_url(self) -> str | None:
        """Where webhooks go; None for nowhere."""
        return self._world.webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._world.webhook_url = None if url is None else checked(url)

    @property
    def webhook_secret(self) -> str | None:
        """What signs the webhooks from now on; None for nothing."""
        return self._world.webhook_secret

    @webhook_secret.setter
    def webhook_secret(self, secret: str | None) -> None:
        self._world.webhook_secret = secret

    @property
    def deliveries(self) -> list[Attempt]:
        """Every attempt to deliver a webhook, in the order in which they ended."""
        return self._webhooks.log.all()

    def redeliver(
        self,
        request_id: str,
        *,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
    ) -> int | None:
        """Send the last webhook of a request once more, the very same bytes.

        The headers are put in their place, or taken out where they are None. The
        value is the status of the answer, None if there was none.
        """
        return self._webhooks.redeliver(request_id, headers=headers or {}, body=body)

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
        """Forget all but the time: what it was started with holds, but switches."""
        world = self._world
        self._webhooks.forget()
        world.store = Store(world.randomness)
        world.log = Log()
        world.script = Script()
        world.calls.clear()
        world.behaviour = Behaviour()
        world.keys, world.webhook_url, world.webhook_secret = self._first
