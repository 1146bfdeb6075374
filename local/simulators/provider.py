"""The frame of a simulator: hosts, switches, keys, request log, scripted answers."""

import random
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeVar

from local.simulators.clock import Clock
from local.simulators.faults import Answer
from local.simulators.http_writer import Headers, HttpReply
from local.simulators.request_log import RequestLog
from local.simulators.server import LOOPBACK, Application, serving


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


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Facts that no provider has stated, so that each is a switch."""

    retention_seconds: float | None = None  # how long a job is known
    rate_limit: CallLimit | None = None  # and whether Retry-After is sent


B = TypeVar("B", bound=Unknowns)


class SimulatedProvider(Generic[B]):
    """A provider's API on sockets of this machine; made by `started`.

    `requests` has every request in the order of arrival, without secrets;
    `addresses` the URL of each host.
    """

    calls: ClassVar[frozenset[str]]  # the kinds of call, as `script` names them
    key_header: ClassVar[str]  # in lower case
    root: ClassVar[str] = ""  # of every path
    behaviour_type: type[B]

    def __init__(
        self, *, api_key: str, behaviour: B | None, clock: Clock | None
    ) -> None:
        self.clock = clock or Clock()
        self.addresses: dict[str, str] = {}
        self.base_url = ""  # of the API, with scheme and root
        self.stopping = threading.Event()
        self.requests = RequestLog(self.key_header)
        self.random = random.Random(0)  # noqa: S311 ids and links must be repeatable
        self._first_key = api_key
        self._lock = threading.RLock()
        self.reset()
        self.behaviour: B = behaviour or self.behaviour_type()

    @classmethod
    @contextmanager
    def started(
        cls,
        *,
        api_key: str,
        behaviour: B | None = None,
        clock: Clock | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        name: str = LOOPBACK,
        **own: Any,  # noqa: ANN401 what the provider's own constructor takes
    ) -> Iterator[Self]:
        """Serve until the block ends, then leave no thread, socket or file.

        `port` is that of the first host, the next one has the next port; 0 is any.
        `name` is the host in the addresses, which must resolve to loopback.
        """
        simulator = cls(api_key=api_key, behaviour=behaviour, clock=clock, **own)
        scheme = "http" if tls is None else "https"
        with simulator.working(), ExitStack() as servers:
            for label, host in simulator.hosts().items():
                server = servers.enter_context(serving(host, port=port, tls=tls))
                address = f"{scheme}://{name}:{server.port}{cls.root}"
                simulator.addresses[label] = address
                port = port and port + 1
            simulator.base_url = simulator.addresses["API"]
            try:
                yield simulator
            finally:
                simulator.stop()

    def hosts(self) -> Mapping[str, Application]:
        """Return the application of each of the provider's hosts, by its label."""
        raise NotImplementedError

    def working(self) -> AbstractContextManager[None]:
        """Do the provider's work in the background until the block ends."""
        raise NotImplementedError

    def stop(self) -> None:
        """End what is under way, so that nothing waits for it any longer."""
        self.stopping.set()

    def reset(self) -> None:
        """Forget everything but the time: jobs, requests, scripts, switches, keys."""
        self.requests.clear()
        self.behaviour = self.behaviour_type()
        self.keys = frozenset({self._first_key})
        self._answers: list[tuple[str, Answer]] = []
        self._counted: list[float] = []  # the moments of calls within the limit

    def now(self) -> float:
        """Return the seconds since 1970 by the simulator's clock."""
        return self.clock.now()

    def behave(self, **changes: Any) -> None:  # noqa: ANN401 the fields of the behaviour, which checks them
        """Set switches, all at once, for the calls that come from now on."""
        self.behaviour = replace(self.behaviour, **changes)

    def rotate_key(self, api_key: str) -> None:
        """Accept another key in place of the old one."""
        self.keys = frozenset({api_key})

    def script(self, call: str, answers: Iterable[Answer]) -> None:
        """Queue answers for a kind of call; ValueError if there is no such kind."""
        if call not in self.calls:
            raise ValueError(f"{call!r} is none of {sorted(self.calls)}")
        with self._lock:
            self._answers.extend((call, answer) for answer in answers)

    @property
    def unused(self) -> int:
        """How many scripted answers no call has taken."""
        return len(self._answers)

    def answer(self, call: str, act: Callable[[], HttpReply]) -> HttpReply:
        """Return the reply to a call, changed by the oldest answer scripted for it.

        `act` carries the call out, unless the answer says that it has no effect.
        """
        with self._lock:
            queued = next((each for each in self._answers if each[0] == call), None)
            if queued is not None:
                self._answers.remove(queued)
        answer = queued[1] if queued else Answer()
        return answer.applied_to(act() if answer.takes_effect else HttpReply())

    def exceeded_limit(self, *, is_post: bool) -> CallLimit | None:
        """Return the limit that this call exceeds; a call within it is counted."""
        limit, now = self.behaviour.rate_limit, self.now()
        if limit is None or (limit.posts_only and not is_post):
            return None
        with self._lock:
            recent = [at for at in self._counted if now - at < limit.seconds]
            if len(recent) >= limit.calls:
                return limit
            self._counted = [*recent, now]
        return None


@dataclass(kw_only=True, eq=False)
class SimulatedJob:
    """What the provider works on; `polls` are the status calls that it answered."""

    created_at: float
    polls: int = 0
    _words: tuple[str, ...] = ()
    _word: int = 0

    def is_retained(self, provider: SimulatedProvider[Any]) -> bool:
        """Return whether the job is still known."""
        kept = provider.behaviour.retention_seconds
        return kept is None or provider.now() - self.created_at < kept

    def next_word(self, words: tuple[str, ...]) -> str | None:
        """Count a status call; return the next scripted word, None without any.

        The last word stays; other words than at the last call start anew.
        """
        self.polls += 1
        self._word = self._word + 1 if self._words is words else 0
        self._words = words
        return words[min(self._word, len(words) - 1)] if words else None
