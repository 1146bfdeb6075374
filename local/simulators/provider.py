"""The frame of a simulator: hosts, switches, keys, request log, scripted answers."""

import random
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeVar

from local.simulators.call_limit import CallCounter, CallLimit
from local.simulators.clock import Clock
from local.simulators.faults import Answer, AnswerQueue
from local.simulators.http_writer import HttpReply
from local.simulators.request_log import LoggedRequest, log_entry
from local.simulators.server import LOOPBACK, Application, HttpRequest, serving


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
        self, *, api_key: str, behaviour: B | None, clock: Clock | None, seed: int
    ) -> None:
        self.clock = clock or Clock()
        self.behaviour: B = behaviour or self.behaviour_type()
        self.keys = frozenset({api_key})
        self.random = random.Random(seed)  # noqa: S311 ids and links must be repeatable
        self.requests: list[LoggedRequest] = []
        self.addresses: dict[str, str] = {}
        self.stopping = threading.Event()
        self._first_key = api_key
        self._answers = AnswerQueue()
        self._counter = CallCounter()

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
        seed: int = 0,
        **own: Any,  # noqa: ANN401 what the provider's own constructor takes
    ) -> Iterator[Self]:
        """Serve until the block ends, then leave no thread, socket or file.

        `port` is that of the first host, the next one has the next port; 0 is any.
        `name` is the host in the addresses, which must resolve to loopback.
        """
        simulator = cls(
            api_key=api_key, behaviour=behaviour, clock=clock, seed=seed, **own
        )
        scheme = "http" if tls is None else "https"
        with simulator.working(), ExitStack() as servers:
            for number, (label, host) in enumerate(simulator.hosts().items()):
                server = servers.enter_context(
                    serving(host, port=port and port + number, tls=tls)
                )
                simulator.addresses[label] = (
                    f"{scheme}://{name}:{server.port}{cls.root}"
                )
            try:
                yield simulator
            finally:
                simulator.stop()

    @property
    def base_url(self) -> str:
        """The URL of the API, with scheme and root."""
        return self.addresses["API"]

    def hosts(self) -> Mapping[str, Application]:
        """Return the application of each of the provider's hosts, by its label."""
        raise NotImplementedError

    def working(self) -> AbstractContextManager[None]:
        """Do the provider's work in the background until the block ends."""
        return nullcontext()

    def stop(self) -> None:
        """End what is under way, so that nothing waits for it any longer."""
        self.stopping.set()

    def now(self) -> float:
        """Return the seconds since 1970 by the simulator's clock."""
        return self.clock.now()

    def behave(self, **changes: Any) -> None:  # noqa: ANN401 the fields of the behaviour, which checks them
        """Set switches, all at once, for the calls that come from now on."""
        self.behaviour = replace(self.behaviour, **changes)

    def script(
        self, call: str, answers: Iterable[Answer], *, file_name: str | None = None
    ) -> None:
        """Queue answers for a kind of call; ValueError if there is no such kind."""
        if call not in self.calls:
            raise ValueError(f"{call!r} is none of {sorted(self.calls)}")
        self._answers.add(call, answers, file_name)

    @property
    def unused(self) -> int:
        """How many scripted answers no call has taken."""
        return len(self._answers)

    def rotate_key(self, api_key: str, *, keep_old: bool = False) -> None:
        """Accept another key, in addition to the old ones or in their place."""
        self.keys = (self.keys if keep_old else frozenset()) | {api_key}

    def reset(self) -> None:
        """Forget everything but the time: jobs, requests, scripts, switches, keys."""
        self.requests.clear()
        self._answers.clear()
        self._counter.clear()
        self.behaviour = self.behaviour_type()
        self.keys = frozenset({self._first_key})

    def log(
        self,
        request: HttpRequest,
        host: str,
        call: str,
        *,
        path_key: str | None = None,
        hidden: Set[str] = frozenset(),
    ) -> LoggedRequest:
        """Record a request; see `log_entry`."""
        entry = log_entry(
            request,
            host,
            call,
            keys=self.keys,
            key_header=self.key_header,
            path_key=path_key,
            hidden=hidden,
        )
        self.requests.append(entry)
        return entry

    def answer(
        self, call: str, act: Callable[[], HttpReply], *, file_name: str | None = None
    ) -> HttpReply:
        """Return the reply to a call, as a scripted answer changes it.

        `act` carries the call out, unless the answer says that it has no effect.
        """
        answer = self._answers.take(call, file_name)
        return answer.applied_to(act() if answer.takes_effect else HttpReply())

    def exceeded_limit(self, *, is_post: bool) -> CallLimit | None:
        """Return the limit that this call exceeds; a call within it is counted."""
        limit = self.behaviour.rate_limit
        if limit is None or (limit.posts_only and not is_post):
            return None
        return None if self._counter.admits(limit, now=self.now()) else limit

    def is_retained(self, created_at: float) -> bool:
        """Return whether a job of that time is still known."""
        kept = self.behaviour.retention_seconds
        return kept is None or self.now() - created_at < kept


class StatusWords:
    """The scripted status words of one job, for each status call the next."""

    def __init__(self) -> None:
        self._words: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self.polls = 0  # answered status calls
        self._used = 0

    def next(self, words: tuple[str, ...]) -> str | None:
        """Return the next of the words, at the end the last; None if there are none.

        Other words than those of the last call start from the beginning.
        """
        with self._lock:
            if self._words is not words:
                self._words, self._used = words, 0
            self._used += 1
            self.polls += 1
            return words[min(self._used, len(words)) - 1] if words else None
