"""Bench: a provider's adapter in front of its simulator, and their words.

A new provider passes the contract by one function that sets its harness up, named in
`BENCHES` of conftest.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from functions.core.errors import CourierError, RetryableError
from functions.core.file_formats import CSV, FileFormat
from functions.core.stream_stats import StreamStats
from functions.providers.protocol import Body, Link, Provider
from local.simulators.faults import Answer
from tests.contract.canary import error_text, find_leaks
from tests.contract.fake_secret import FakeSecret
from tests.contract.sources import BytesSource

#: Needs an escape in every notation, so that none of them hides it.
KEY = 'canary/key+1="&%41'


class RecordedRequest(Protocol):
    """What every provider's simulator notes of a request."""

    @property
    def call(self) -> str:
        """Which kind of call it was."""
        ...


class Simulator(Protocol):
    """What every provider's simulator offers."""

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """Every request in the order of arrival."""
        ...

    def script(self, call: str, answers: Sequence[Answer]) -> None:
        """Queue answers for a kind of call."""
        ...

    def rotate_key(self, api_key: str) -> None:
        """Let another key work in place of the old one."""
        ...


@dataclass(kw_only=True)
class AdapterHarness:
    """What the contract needs to know of a provider to put it to the test.

    The three calls are named as the simulator names them; `finding` is None where
    the provider cannot tell what was handed over.
    """

    provider: Provider
    key: FakeSecret
    simulator: Simulator
    submit_call: str
    check_call: str
    list_call: str | None
    list_type: str  # of the files that are submitted
    file: bytes  # one of them
    file_name: str  # as an uploader calls it
    file_row_count: int
    unknown_ref: str
    impossible_refs: tuple[str, ...]  # that cannot be one
    unreachable_provider: Provider  # the same, where nobody listens
    base_url: str  # the simulator's
    deadlines: tuple[str, ...]  # where the adapter says how long a call may take
    now: Callable[[], float]  # by the simulator's clock
    accepted_count: Callable[[], int]  # how many files the provider took and bills
    finish: Callable[[], None]  # lets the provider end its work
    expected_rows: Callable[[], Mapping[str, int]]  # what it has of each kind
    secrets: set[str] = field(default_factory=lambda: {KEY})

    def script(self, call: str, *answers: Answer) -> None:
        """Queue answers for a kind of call."""
        self.simulator.script(call, answers)

    def validate(self, name: str, content: bytes) -> int:
        """Look at a file before it is handed over; give its rows."""
        return self.provider.validate(name, self.list_type, BytesSource(content))

    def submit(self) -> str:
        """Hand the file over; give the provider's reference."""
        return self.provider.submit("our-name", self.list_type, BytesSource(self.file))

    def request_count(self, call: str) -> int:
        """Count the requests of a kind so far."""
        return sum(seen.call == call for seen in self.simulator.requests)

    def results(self, provider_ref: str) -> Mapping[str, Link]:
        """Ask for links, and remember that they are secrets."""
        links = self.provider.results(provider_ref)
        self.secrets |= {link.url.partition("=")[2] for link in links.values()} - {""}
        return links

    @contextmanager
    def expect_error(
        self, expected: type[CourierError]
    ) -> Iterator["pytest.ExceptionInfo[CourierError]"]:
        """Expect an error of exactly this class, with no secret to be seen in it."""
        with pytest.raises(CourierError) as caught:
            yield caught
        assert caught.type is expected
        assert find_leaks(error_text(caught.value), self.secrets) == []


def retry_hint(error: CourierError) -> float | None:
    """Give the wish to wait that an error carries."""
    assert isinstance(error, RetryableError)
    return error.hint


def read_body(body: Body, form: FileFormat = CSV) -> tuple[bytes, StreamStats]:
    """Read a body to its end, as the streaming does, and let go of it."""
    tally, everything = StreamStats(form), bytearray()
    buffer = memoryview(bytearray(64 * 1024))
    try:
        while count := body.readinto(buffer):
            tally.update(buffer[:count])
            everything += buffer[:count]
    finally:
        body.close()
    tally.check_plausible()
    return bytes(everything), tally
