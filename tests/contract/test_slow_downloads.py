"""Slow exchanges: every one ends in time, however slowly data comes."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from functions.core.errors import (
    AnswerLost,
    CourierError,
    ProviderUnavailable,
    TransferTooSlow,
)
from functions.providers.protocol import Link
from functions.providers.transport import connection
from functions.providers.transport.http import HttpClient
from local.simulators.ipqs import Answer, Content, Ending, Framing
from tests.contract.harness import read_body
from tests.contract.ipqs_harness import IpqsHarness

_CSV = b"Email Address,Valid\n" + b"a@example.com,true\n" * 400

#: More than a machine that does other things needs to connect and to ask.
_DEADLINE = 1.0
#: Far below the 10 and 25 seconds after which a socket's own time-outs would act.
_IN_TIME = 8.0


@contextmanager
def _in_time() -> Iterator[None]:
    started_at = time.monotonic()
    yield
    assert time.monotonic() - started_at <= _IN_TIME


def _join_watchdogs() -> None:
    for thread in threading.enumerate():
        if thread.name == "watchdog":
            thread.join()


@pytest.mark.fault(53)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer.dripped(0.02), TransferTooSlow, id="a dripping body"),
        pytest.param(
            Answer.dripped(0.02).via(framing=Framing.CHUNKED),
            TransferTooSlow,
            id="dripping chunks",
        ),
        pytest.param(
            Answer.gzipped().via(drip_seconds=0.02),
            TransferTooSlow,
            id="a dripping gzip body",
        ),
        pytest.param(
            Answer.dripped(0.02, head_too=True), ProviderUnavailable, id="dripping head"
        ),
        pytest.param(Answer.hang(), ProviderUnavailable, id="silence"),
        pytest.param(
            Answer.cut_after(7000, Ending.STALL),
            TransferTooSlow,
            id="silence near the end",
        ),
        pytest.param(
            Answer.file(Content.endless()).via(framing=Framing.CHUNKED),
            TransferTooSlow,
            id="fast, but without an end",
        ),
    ],
)
def test_ends_at_the_deadline(
    ipqs: IpqsHarness, answer: Answer, error: type[CourierError]
) -> None:
    """A function that is killed can neither clean up nor report."""
    link = ipqs.make_link(_CSV, answer)

    with _in_time(), ipqs.expect_error(error):
        _read(ipqs, link, _DEADLINE)


def _read(ipqs: IpqsHarness, link: Link, seconds: float) -> None:
    """Read a body without keeping what comes."""
    body = ipqs.open(link, seconds=seconds)
    buffer = memoryview(bytearray(64 * 1024))
    try:
        while body.readinto(buffer):
            pass
    finally:
        body.close()


@pytest.mark.fault(53)
@pytest.mark.parametrize("seconds", [0.0, -5.0])
def test_uses_up_no_link_without_time_left(ipqs: IpqsHarness, seconds: float) -> None:
    """The next attempt has time and can use it."""
    link = ipqs.make_link(_CSV)

    with _in_time(), ipqs.expect_error(ProviderUnavailable):
        ipqs.open(link, seconds=seconds)

    (csv,) = ipqs.simulator.csvs
    assert csv.downloads == 0


@pytest.mark.fault(53)
def test_uses_up_no_link_when_resolving_took_all_the_time(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lookup cannot be interrupted, but what comes after it can."""
    link = ipqs.make_link(_CSV)
    resolve = socket.getaddrinfo

    def resolve_late(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on unchanged
        _join_watchdogs()
        return resolve(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_late)

    with _in_time(), ipqs.expect_error(ProviderUnavailable):
        ipqs.open(link, seconds=0.1)

    (csv,) = ipqs.simulator.csvs
    assert csv.downloads == 0


def test_survives_a_connection_that_was_reset_before_the_deadline(
    ipqs: IpqsHarness,
) -> None:
    """The watchdog may find that the other side has closed the socket."""
    answer = Answer.cut_after(7000, Ending.RESET)
    body = ipqs.open(ipqs.make_link(_CSV, answer), seconds=_DEADLINE)

    _join_watchdogs()
    with ipqs.expect_error(TransferTooSlow):
        read_body(body)


@pytest.mark.fault(53)
def test_ends_a_body_below_the_minimum_rate(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would only use up the function's time, which costs money."""
    monkeypatch.setattr(connection, "WINDOW_SECONDS", _DEADLINE)
    link = ipqs.make_link(_CSV, Answer.dripped(0.02))

    with _in_time(), ipqs.expect_error(TransferTooSlow):
        ipqs.download(link, seconds=60)


def test_requires_the_minimum_rate_in_each_window(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fast start does not pay for a later stall."""
    monkeypatch.setattr(connection, "WINDOW_SECONDS", _DEADLINE)
    link = ipqs.make_link(2_000_000, Answer.cut_after(1_900_000, Ending.STALL))

    with _in_time(), ipqs.expect_error(TransferTooSlow):
        ipqs.download(link, seconds=60)


def test_counts_bytes_before_a_buffer_is_full(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large buffer would hide that a slow transfer is fast enough."""
    monkeypatch.setattr(connection, "WINDOW_SECONDS", _DEADLINE)
    monkeypatch.setattr(connection, "MIN_WINDOW_BYTES", 16 * 1024)
    never = threading.Event()

    def slow_chunks() -> Iterator[bytes]:
        for _ in range(10):
            yield b"Email\n".ljust(32 * 1024, b"\n")
            never.wait(0.2)

    link = ipqs.make_link(Content(slow_chunks, 320 * 1024))
    buffer = memoryview(bytearray(512 * 1024))
    body = ipqs.open(link, seconds=20)
    try:
        beginning = body.readinto(buffer)
        assert beginning + body.readinto(buffer) == 320 * 1024
    finally:
        body.close()


def test_requires_no_rate_before_the_headers(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No body can have come by then; the deadline still holds."""
    monkeypatch.setattr(connection, "WINDOW_SECONDS", _DEADLINE)
    monkeypatch.setattr(connection, "MIN_WINDOW_BYTES", 1)
    answer = Answer.dripped(0.03, head_too=True)  # its head takes two windows
    link = ipqs.make_link(b"Email\na\n", answer)

    assert ipqs.download(link, seconds=20)[1].rows == 1


@pytest.fixture
def black_hole() -> Iterator[str]:
    """Yield a host that accepts no connection, because its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        queued = []
        for _ in range(4):
            queued.append(socket.socket())
            queued[-1].setblocking(False)
            queued[-1].connect_ex(address)
        try:
            yield f"127.0.0.1:{address[1]}"
        finally:
            for connection in queued:
                connection.close()


@pytest.mark.fault(58)
@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(
            lambda http, url: http.open_download(url, seconds=_DEADLINE, max_bytes=9),
            id="download",
        ),
        pytest.param(
            lambda http, url: http.request("GET", url, seconds=_DEADLINE, max_bytes=9),
            id="request",
        ),
    ],
)
def test_ends_in_time_without_a_connection(
    ipqs: IpqsHarness, black_hole: str, exchange: Callable[[HttpClient, str], object]
) -> None:
    """Connecting has a deadline, too."""
    http = HttpClient(tls=ipqs.tls, loopback=True)

    with _in_time(), ipqs.expect_error(ProviderUnavailable):
        exchange(http, f"http://{black_hole}/")


@pytest.mark.fault(57)
def test_ends_in_time_during_the_tls_handshake(ipqs: IpqsHarness) -> None:
    """It can stall as well, and nothing has been sent by then."""
    http = HttpClient(tls=ipqs.tls, loopback=True)

    with socket.create_server(("127.0.0.1", 0)) as silent_host:
        url = f"https://127.0.0.1:{silent_host.getsockname()[1]}/"
        with _in_time(), ipqs.expect_error(ProviderUnavailable):
            http.request("GET", url, seconds=_DEADLINE, max_bytes=9)


def test_raises_lost_once_connected(ipqs: IpqsHarness) -> None:
    """The request may have arrived."""
    http = HttpClient(tls=ipqs.tls, loopback=True)

    with socket.create_server(("127.0.0.1", 0)) as silent_host:
        url = f"http://127.0.0.1:{silent_host.getsockname()[1]}/"
        with _in_time(), ipqs.expect_error(AnswerLost):
            http.request("GET", url, seconds=_DEADLINE, max_bytes=9)
