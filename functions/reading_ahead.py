"""Reading ahead: read many objects at once, in their order, with bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from threading import Condition
from typing import TypeVar

T = TypeVar("T")

#: Told the size of an object before it is read; it returns when there is room.
Admit = Callable[[int], None]
#: Reads an object after its size was admitted; it may find none.
Read = Callable[[Admit], bytes | None]

#: How many objects are read ahead for each reader, so that none waits for the caller.
_AHEAD = 4


class _Stopped(Exception):
    """Raised in a reader whose object is not wanted any more."""


class _Room:
    """The bytes that objects may take, which are admitted in the objects' order.

    Whoever is next is admitted once there is room, or nothing else is held: so those
    that come later can never keep out the one that is waited for.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._next = 0
        self._stopped = False
        self._changed = Condition()

    def admit(self, number: int, size: int) -> None:
        """Wait until it is an object's turn and there is room for it."""

        def is_free() -> bool:
            fits = not self._held or self._held + size <= self._most
            return self._stopped or (self._next == number and fits)

        with self._changed:
            self._changed.wait_for(is_free)
            if self._stopped:
                raise _Stopped
            self._held += size
            self._next += 1
            self._changed.notify_all()

    def free(self, size: int) -> None:
        """Release the bytes of an object."""
        with self._changed:
            self._held -= size
            self._changed.notify_all()

    def stop(self) -> None:
        """Let all that wait raise."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


def read_ahead(
    reads: Iterable[tuple[T, Read | None]], *, readers: int, most_bytes: int
) -> Generator[tuple[T, bytes | None]]:
    """Yield each thing with the object that its read found, in their order.

    The objects that are being read, or wait to be yielded, have at most `most_bytes`
    together, or are one that is larger. Without a read there is no object.
    """
    room = _Room(most_bytes)
    numbered = iter(enumerate(reads))

    def run(number: int, read: Read | None) -> tuple[int, bytes | None]:
        admitted: list[int] = []

        def admit(size: int) -> None:
            room.admit(number, size)
            admitted.append(size)

        try:
            content = read(admit) if read else None
        finally:
            if not admitted:  # there is none, or it failed: the next one's turn
                admit(0)
        return sum(admitted), content

    with ThreadPoolExecutor(readers) as pool:
        ahead: deque[tuple[T, Future[tuple[int, bytes | None]]]] = deque()
        try:
            while True:
                for number, (thing, read) in islice(
                    numbered, readers * _AHEAD - len(ahead)
                ):
                    ahead.append((thing, pool.submit(run, number, read)))
                if not ahead:
                    return
                thing, future = ahead.popleft()
                size, content = future.result()
                yield thing, content
                del content
                room.free(size)
        finally:
            room.stop()
            for _, future in ahead:
                future.cancel()
