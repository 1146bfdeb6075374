"""Simulated provider: the frame that both simulators are built on."""

import random
import ssl
import threading
from abc import ABC, abstractmethod
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
    """A limit of `calls` within `seconds`, and the response to calls beyond it."""

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
    """Facts that no provider documents; each is a switch."""

    retention_seconds: float | None = None  # how long a job is known
    rate_limit: CallLimit | None = None  # and whether Retry-After is sent


B = TypeVar("B", bound=Unknowns)


class SimulatedProvider(ABC, Generic[B]):
    """A provider's API on sockets of this machine; create one by `started`.

    `requests` lists all requests in the order of arrival, without secrets; `addresses`
    has the URL of each host.
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
        """Serve until the block ends, and leave no thread, socket or file.

        `port` is the first host's, and the next host has the next port; 0 is any port.
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

    @abstractmethod
    def hosts(self) -> Mapping[str, Application]:
        """Return the application of each of the provider's hosts, by its label."""

    @property
    @abstractmethod
    def charged(self) -> int:
        """The credits that all accepted jobs have cost: one for each value."""

    @abstractmethod
    def working(self) -> AbstractContextManager[None]:
        """Do the provider's work in the background until the block ends."""

    def stop(self) -> None:
        """End running work, so that nothing waits for it any longer."""
        self.stopping.set()

    def reset(self) -> None:
        """Reset jobs, requests, scripts, switches and keys, but not the time."""
        self.requests.clear()
        self.behaviour = self.behaviour_type()
        self.keys = frozenset({self._first_key})
        self._answers: list[tuple[str, Answer]] = []
        self._usual_answers: Mapping[str, Answer] = {}
        self._counted: list[float] = []  # the moments of calls within the limit

    def now(self) -> float:
        """Return the seconds since 1970 by the simulator's clock."""
        return self.clock.now()

    def behave(self, **changes: Any) -> None:  # noqa: ANN401 the fields of the behaviour, which checks them
        """Set some switches, all at once, for all later calls."""
        self.behaviour = replace(self.behaviour, **changes)

    def rotate_key(self, api_key: str) -> None:
        """Accept only this key from now on."""
        self.keys = frozenset({api_key})

    def script(self, call: str, answers: Iterable[Answer]) -> None:
        """Queue answers for a kind of call.

        Raises:
            ValueError: There is no such kind.
        """
        if call not in self.calls:
            raise ValueError(f"{call!r} is none of {sorted(self.calls)}")
        with self._lock:
            self._answers.extend((call, answer) for answer in answers)

    def answer_always(self, answers: Mapping[str, Answer]) -> None:
        """Answer these kinds of call so, where no answer is queued from now on.

        Without any, all calls are answered normally again.

        Raises:
            ValueError: There is no such kind.
        """
        if unknown := answers.keys() - self.calls:
            raise ValueError(f"{sorted(unknown)} are none of {sorted(self.calls)}")
        self._usual_answers = answers

    @property
    def unused(self) -> int:
        """The number of scripted answers that no call has used."""
        return len(self._answers)

    def answer(self, call: str, act: Callable[[], HttpReply]) -> HttpReply:
        """Return the reply to a call, changed by the oldest answer scripted for it.

        `act` carries the call out; it is not called if the answer takes no effect.
        """
        with self._lock:
            entry = next((entry for entry in self._answers if entry[0] == call), None)
            if entry is not None:
                self._answers.remove(entry)
        answer = entry[1] if entry else self._usual_answers.get(call, Answer())
        return answer.applied_to(act() if answer.takes_effect else HttpReply())

    def exceeded_limit(self, *, is_post: bool) -> CallLimit | None:
        """Return the limit if this call exceeds it; otherwise count the call."""
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
    """A job of the provider; `polls` is the number of answered status calls."""

    created_at: float
    polls: int = 0
    _words: tuple[str, ...] = ()
    _word: int = 0

    def is_retained(self, provider: SimulatedProvider[Any]) -> bool:
        """Return whether the provider still knows the job."""
        retention = provider.behaviour.retention_seconds
        return retention is None or provider.now() - self.created_at < retention

    def next_word(self, words: tuple[str, ...]) -> str | None:
        """Count a status call, and return the next scripted word; None without words.

        The last word is repeated; other words than at the last call begin anew.
        """
        self.polls += 1
        self._word = self._word + 1 if self._words is words else 0
        self._words = words
        return words[min(self._word, len(words) - 1)] if words else None
