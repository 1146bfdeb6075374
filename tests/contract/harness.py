"""What the contract tests need of a provider: its adapter, its simulator, its words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from functions.core.body import Body
from functions.core.errors import CourierError, RetryableError
from functions.core.file_formats import CSV, FileFormat
from functions.core.stream_stats import StreamStats
from functions.providers.protocol import Link, Provider
from local.simulators.faults import Answer
from tests.canary import error_text, find_leaks
from tests.contract.fake_secret import FakeSecret
from tests.contract.sources import BytesSource, submit

#: It needs an escape in every notation, so that a leak in any of them is found.
KEY = 'canary/key+1="&%41'


class RecordedRequest(Protocol):
    """What every simulator records of a request."""

    @property
    def call(self) -> str:
        """The call that was made, as the simulator names it."""
        ...


class Simulator(Protocol):
    """What every simulator offers."""

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """All requests in the order of arrival."""
        ...

    def script(self, call: str, answers: Sequence[Answer]) -> None:
        """Queue answers to a call."""
        ...

    def rotate_key(self, api_key: str) -> None:
        """Accept another key instead of the present one."""
        ...


@dataclass(kw_only=True)
class AdapterHarness:
    """An adapter in front of its provider's simulator.

    A new provider passes the contract by a harness of its own, in a fixture that
    `HARNESSES` of conftest names.
    """

    provider: Provider
    unreachable_provider: Provider  # the same, but nothing listens at its base URL
    key: FakeSecret
    simulator: Simulator
    base_url: str  # of the simulator
    submit_call: str  # the simulator's names of the adapter's calls
    check_call: str
    list_call: str | None  # None where the provider has no list of submissions
    deadline_constants: tuple[str, ...]  # names of the adapter's time limits

    list_type: str  # the type under which `file` is submitted
    file: bytes
    file_name: str
    file_row_count: int
    unknown_ref: str  # a reference that the provider does not know
    impossible_refs: tuple[str, ...]

    now: Callable[[], float]  # by the simulator's clock
    accepted_count: Callable[[], int]  # how many submissions the provider bills
    finish: Callable[[], None]  # lets the provider finish its work
    expected_rows: Callable[[], Mapping[str, int]]  # rows of each result, by kind
    secrets: set[str] = field(default_factory=lambda: {KEY})

    def script(self, call: str, *answers: Answer) -> None:
        """Queue answers to a call."""
        self.simulator.script(call, answers)

    def validate(self, name: str, content: bytes) -> int:
        """Validate a file; return its number of rows."""
        return self.provider.validate(name, self.list_type, BytesSource(content)).rows

    def submit(self) -> str:
        """Submit the file; return the provider's reference."""
        return submit(self.provider, "our-name", self.list_type, BytesSource(self.file))

    def find(self) -> str | None:
        """Return the reference of what `submit` submitted, if the provider has it."""
        return self.provider.find("our-name", self.list_type)

    def request_count(self, call: str) -> int:
        """Return how often a call was made so far."""
        return sum(request.call == call for request in self.simulator.requests)

    def result_links(self, provider_ref: str) -> Mapping[str, Link]:
        """Return a job's links, whose tokens are secrets from now on."""
        links = self.provider.result_links(provider_ref)
        self.secrets |= {link.url.partition("=")[2] for link in links.values()} - {""}
        return links

    @contextmanager
    def expect_error(
        self, expected: type[CourierError]
    ) -> Iterator["pytest.ExceptionInfo[CourierError]"]:
        """Expect an error of exactly this class that shows no secret."""
        with pytest.raises(CourierError) as caught:
            yield caught
        assert caught.type is expected
        assert find_leaks(error_text(caught.value), self.secrets) == []


def retry_hint(error: CourierError) -> float | None:
    """Return the seconds that an error asks to wait."""
    assert isinstance(error, RetryableError)
    return error.hint


def read_body(body: Body, form: FileFormat = CSV) -> tuple[bytes, StreamStats]:
    """Read a body to its end, as store_result does, and close it."""
    stats, data = StreamStats(form), bytearray()
    buffer = memoryview(bytearray(64 * 1024))
    try:
        while count := body.readinto(buffer):
            stats.update(buffer[:count])
            data += buffer[:count]
    finally:
        body.close()
    return bytes(data), stats
