"""Reading ahead: in order, at once, and never more bytes than the function can hold."""

import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.aws import clients
from functions.core.errors import AwsUnavailable
from functions.reading_ahead import Admit, Read, read_ahead

_READERS = 4


class Shelf:
    """Objects of some sizes, and the most bytes that were held of them at once."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.most = 0
        self._held = 0
        self._lock = threading.Lock()

    def reads(self) -> Iterator[tuple[int, Read]]:
        """Yield the number of each object, and what reads it."""
        for number, size in enumerate(self.sizes):
            yield number, partial(self._read, size)

    def _read(self, size: int, admit: Admit) -> bytes:
        admit(size)
        with self._lock:
            self._held += size
            self.most = max(self.most, self._held)
        return bytes(size)

    def give_back(self, size: int) -> None:
        """Note that an object is not used any more."""
        with self._lock:
            self._held -= size


@given(sizes=st.lists(st.integers(0, 100), max_size=40), most_bytes=st.integers(1, 200))
def test_objects_come_in_order_and_within_the_bound(
    sizes: list[int], most_bytes: int
) -> None:
    """64 results of 10 MB each would not fit into the function's memory."""
    shelf = Shelf(sizes)
    seen = []

    contents = read_ahead(shelf.reads(), readers=_READERS, most_bytes=most_bytes)
    for number, content in contents:
        assert content is not None
        seen.append((number, len(content)))
        shelf.give_back(len(content))

    assert seen == [*enumerate(sizes)]
    assert shelf.most <= max(most_bytes, *sizes, 0)


def test_later_objects_do_not_keep_out_the_one_that_is_waited_for() -> None:
    """Whoever answers first must not take the room of the first in the order."""
    second_came = threading.Event()

    def first(admit: Admit) -> bytes:
        assert second_came.wait(timeout=10)
        admit(10)
        return b"first"

    def second(admit: Admit) -> bytes:
        second_came.set()
        admit(10)
        return b"second"

    contents = read_ahead([(1, first), (2, second)], readers=2, most_bytes=10)

    assert [content for _, content in contents] == [b"first", b"second"]


def test_what_is_not_read_or_not_there_is_empty() -> None:
    """A request that failed has no result, and its rows have lines all the same."""
    reads: list[tuple[str, Any]] = [("absent", lambda _admit: None), ("none", None)]

    contents = read_ahead(reads, readers=_READERS, most_bytes=1)

    assert [*contents] == [("absent", None), ("none", None)]


def test_a_failed_read_is_raised_at_its_turn() -> None:
    """What was read before it is complete, and the step is repeated."""

    def fail(_admit: Admit) -> bytes:
        raise AwsUnavailable("could not read")

    def read(admit: Admit) -> bytes:
        admit(1)
        return b"1"

    reads: list[tuple[int, Read]] = [(1, read), (2, fail), (3, read)]
    contents = read_ahead(reads, readers=_READERS, most_bytes=1)

    assert next(contents) == (1, b"1")
    with pytest.raises(AwsUnavailable):
        next(contents)


def test_no_reader_is_left_when_nobody_wants_more() -> None:
    """One that waits for room would hold its connection until the process ends."""
    before = threading.active_count()
    shelf = Shelf([10] * 40)

    contents = read_ahead(shelf.reads(), readers=_READERS, most_bytes=10)
    with closing(contents):
        next(contents)
        assert threading.active_count() > before

    assert threading.active_count() == before


def test_each_reader_has_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more readers some would open a connection for a single answer, each time."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    config: Any = clients.s3.__wrapped__().meta.config

    assert config.max_pool_connections == clients.CONNECTIONS
