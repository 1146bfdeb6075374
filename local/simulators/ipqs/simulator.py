"""The simulator as tests and the local stack use it."""

import random
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

from local.simulators.clock import Clock
from local.simulators.content import Content
from local.simulators.faults import Answer, Script
from local.simulators.ipqs import life
from local.simulators.ipqs.api import Api
from local.simulators.ipqs.behaviour import Behaviour
from local.simulators.ipqs.downloads import Downloads
from local.simulators.ipqs.job import Csv
from local.simulators.ipqs.links import Links
from local.simulators.ipqs.seen import Seen
from local.simulators.ipqs.state import World
from local.simulators.ipqs.store import Store
from local.simulators.request_log import Log
from local.simulators.server import LOOPBACK, serving

CALLS = frozenset({"upload", "status", "list", "download"})


class IpqsSimulator:
    """IPQS' bulk API on two sockets of this machine; made by `started`."""

    def __init__(self, world: World, *, first_id: int) -> None:
        self._world = world
        self._first_id = first_id
        self._key = min(world.keys)

    @classmethod
    @contextmanager
    def started(
        cls,
        *,
        api_key: str,
        clock: Clock | None = None,
        behaviour: Behaviour | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        download_port: int = 0,
        name: str = LOOPBACK,
        download_name: str = LOOPBACK,
        first_id: int = 3_000_001,
        seed: int = 0,
    ) -> Iterator[Self]:
        """Serve until the block ends, then leave no thread, socket or file.

        The names are those that appear in addresses; both resolve to loopback.
        """
        randomness = random.Random(seed)  # noqa: S311 links of a simulator must be repeatable
        world = World(
            keys=frozenset({api_key}),
            clock=clock or Clock(),
            behaviour=behaviour or Behaviour(),
            randomness=randomness,
            store=Store(first_id),
            links=Links(randomness),
        )
        simulator = cls(world, first_id=first_id)
        scheme = "http" if tls is None else "https"
        try:
            with (
                serving(Api(world), port=port, tls=tls) as api,
                serving(Downloads(world), port=download_port, tls=tls) as downloads,
            ):
                world.api_url = f"{scheme}://{name}:{api.port}"
                world.download_url = f"{scheme}://{download_name}:{downloads.port}"
                try:
                    yield simulator
                finally:
                    world.store.hurry()
        finally:
            world.store.close()

    # Where it is

    @property
    def base_url(self) -> str:
        """The API host, with its scheme."""
        return self._world.api_url

    @property
    def download_host(self) -> str:
        """The host and port of the links."""
        return self._world.download_url.partition("://")[2]

    @property
    def clock(self) -> Clock:
        """What the life cycle, links and limits follow."""
        return self._world.clock

    # How it behaves

    @property
    def behaviour(self) -> Behaviour:
        """The switches as they stand."""
        return self._world.behaviour

    def behave(self, **changes: Any) -> None:  # noqa: ANN401 the fields of Behaviour, which checks them
        """Set switches, all at once, for the calls that come from now on."""
        self._world.behaviour = replace(self._world.behaviour, **changes)

    def script(
        self, call: str, answers: Iterable[Answer], *, file_name: str | None = None
    ) -> None:
        """Queue answers for a kind of call; afterwards it is normal again."""
        if call not in CALLS:
            raise ValueError(f"{call!r} is none of {sorted(CALLS)}")
        self._world.script.add(call, answers, file_name)

    @property
    def unused(self) -> int:
        """How many scripted answers were never asked for."""
        return self._world.script.left()

    def rotate_key(self, api_key: str, *, keep_old: bool = False) -> None:
        """Let another key work, beside the old one or in its place."""
        kept = self._world.keys if keep_old else frozenset()
        self._world.keys = kept | {api_key}

    def abort(self, csv_id: int) -> None:
        """Cancel a file, as somebody might in the provider's dashboard."""
        held = self._world.store.find(csv_id, self.clock.now(), self.behaviour)
        if held is None:
            raise KeyError(csv_id)
        status = held.status(self.clock.now(), self.behaviour)
        if status == life.FINISHED:
            raise ValueError(f"{csv_id} is finished, and cannot be cancelled")
        held.aborted_in = status

    def add_finished(
        self,
        *,
        type: str = "email",  # noqa: A002 the provider's word
        results: Mapping[str, bytes | int | Content],
        file_name: str = "added by a test",
    ) -> int:
        """A finished file that nobody uploaded; the answer is its id.

        A result is bytes, content, or the size of a CSV that is made on the fly.
        """
        contents = {kind: _content(result) for kind, result in results.items()}
        now = self.clock.now()
        return self._world.store.put(type, contents, file_name, now).id

    # What it saw

    @property
    def csvs(self) -> list[Csv]:
        """What the provider holds, oldest first, by the clock of this moment."""
        world, now = self._world, self.clock.now()
        records = []
        for held in world.store.all(now, self.behaviour):
            links, downloads = world.links.counts(held.id)
            records.append(
                held.record(now, self.behaviour, links=links, downloads=downloads)
            )
        return records

    @property
    def requests(self) -> list[Seen]:
        """Every request in the order of arrival, without keys and links."""
        return self._world.log.all()

    def reset(self) -> None:
        """Forget all but the time: files, links, calls, scripts, switches and keys."""
        world = self._world
        old = world.store
        world.store = Store(self._first_id)
        world.links = Links(world.randomness)
        world.log = Log()
        world.script = Script()
        world.forget_calls()
        world.behaviour = Behaviour()
        world.keys = frozenset({self._key})
        old.close()


def _content(result: bytes | int | Content) -> Content:
    match result:
        case bytes():
            return Content.of(result)
        case int():
            return Content.rows(result)
        case _:
            return result
