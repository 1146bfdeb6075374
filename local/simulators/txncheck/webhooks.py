"""The sender of webhooks: which one is due, and what is done when it fails."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from local.simulators.request_log import Log
from local.simulators.txncheck.behaviour import Behaviour
from local.simulators.txncheck.job import FAILED, RETRYING, SENT, Ended, Held
from local.simulators.txncheck.state import World
from local.simulators.txncheck.webhook_message import Message, message
from local.simulators.txncheck.webhook_sender import Postman

_GOOD = range(200, 300)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver a webhook."""

    request_id: str
    event: str
    status: int | None  # of the answer; None if there was none
    at: float
    number: int  # from 1; 0 for what a test has sent once more
    lost: bool = False  # it never left


@dataclass(slots=True)
class _Pending:
    """A webhook that is not yet delivered."""

    held: Held
    attempts: int = 0
    next_at: float | None = None  # None before the first attempt


class Webhooks:
    """Sends what is due by the clock: one webhook for each end.

    A clock that stands is followed in the thread that advances it, so that nothing
    is on its way when `advance` returns; then each webhook is tried once. A running
    one has a thread of its own.
    """

    def __init__(self, world: World) -> None:
        self.log: Log[Attempt] = Log()
        self._world = world
        self._postman = Postman()
        self._pending: list[_Pending] = []
        self._messages: dict[str, Message] = {}
        self._woken = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Follow the clock until the block ends, then leave nothing on its way."""
        clock = self._world.clock
        thread = threading.Thread(target=self._run, name="simulator:webhooks")
        with clock.telling(self.wake if clock.runs else self._send_due):
            if clock.runs:
                thread.start()
            try:
                yield
            finally:
                self._world.stopping.set()
                self._postman.stop()
                self.wake()
                if clock.runs:
                    thread.join()

    def announce(self, held: Held) -> None:
        """Send a webhook when the request has ended."""
        behaviour = self._world.behaviour
        if self._world.webhook_url is None:
            held.webhook_status = behaviour.webhook_status_without_url
        with self._lock:
            self._pending.append(_Pending(held))
        if behaviour.webhook_early:
            self._send_due()
        self.wake()

    def wake(self) -> None:
        """Look anew at what is due, where a thread does."""
        self._woken.set()

    def forget(self) -> None:
        """Forget what was sent, and what was to be."""
        with self._lock:
            self._pending.clear()
            self._messages.clear()
        self.log.clear()

    def redeliver(
        self, request_id: str, *, headers: Mapping[str, str | None], body: bytes | None
    ) -> int | None:
        """Send a webhook again, changed if need be; KeyError if there was none."""
        with self._lock:
            sent = self._messages[request_id]
        changed = {**sent.headers, **headers}
        again = Message(
            request_id,
            sent.event,
            {name: value for name, value in changed.items() if value is not None},
            sent.body if body is None else body,
        )
        return self._post(again, number=0)

    def _run(self) -> None:
        while True:
            self._woken.clear()
            if self._world.stopping.is_set():
                return
            self._send_due()
            self._woken.wait(self._seconds_left())

    def _seconds_left(self) -> float | None:
        with self._lock:
            moments = [_due(each, self._world.behaviour) for each in self._pending]
        return max(min(moments) - self._world.now(), 0.0) if moments else None

    def _send_due(self) -> None:
        now, behaviour = self._world.now(), self._world.behaviour
        with self._lock:
            due = [each for each in self._pending if _due(each, behaviour) <= now]
            self._pending = [
                each for each in self._pending if _due(each, behaviour) > now
            ]
        if behaviour.webhook_newest_first:
            due.reverse()
        for pending in due:
            ended = pending.held.settle(now, behaviour)
            if ended is not None and self._world.webhook_url is not None:
                self._try(pending, ended)

    def _try(self, pending: _Pending, ended: Ended) -> None:
        world, behaviour, held = self._world, self._world.behaviour, pending.held
        pending.attempts += 1
        with self._lock:
            sent = self._messages.get(held.id)
        if sent is None or not behaviour.webhook_retries_are_copies:
            sent = message(
                held,
                ended,
                behaviour,
                secret=world.webhook_secret,
                now=world.now(),
                number=pending.attempts,
            )
            with self._lock:
                self._messages[held.id] = sent

        lost = pending.attempts <= behaviour.webhook_losses
        status = self._post(sent, number=pending.attempts, lost=lost)
        for _copy in range(behaviour.webhook_duplicates):
            self._post(sent, number=pending.attempts, lost=lost)

        if status in _GOOD:
            held.webhook_status = SENT
        elif pending.attempts > len(behaviour.webhook_retry_seconds):
            held.webhook_status = FAILED
        else:
            held.webhook_status = RETRYING
            pause = behaviour.webhook_retry_seconds[pending.attempts - 1]
            pending.next_at = world.now() + pause
            with self._lock:
                self._pending.append(pending)

    def _post(self, sent: Message, *, number: int, lost: bool = False) -> int | None:
        world, status = self._world, None
        at = world.now()
        if not lost and world.webhook_url is not None:
            seconds = world.behaviour.webhook_answer_seconds
            status = self._postman.post(
                world.webhook_url, sent.headers, sent.body, seconds=seconds
            )
        self.log.add(Attempt(sent.request_id, sent.event, status, at, number, lost))
        return status


def _due(pending: _Pending, behaviour: Behaviour) -> float:
    if pending.next_at is not None:
        return pending.next_at
    return pending.held.due(behaviour) + behaviour.webhook_delay_seconds
