"""Slow downloads: every one ends in time, whatever trickles in."""

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


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began <= seconds


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
            id="a dripping packed body",
        ),
        pytest.param(
            Answer.dripped(0.02, head_too=True), ProviderUnavailable, id="dripping head"
        ),
        pytest.param(Answer.hang(), ProviderUnavailable, id="silence"),
        pytest.param(
            Answer.stalled_after(7000), TransferTooSlow, id="silence near the end"
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
    """A function that is killed can neither clean up nor say what happened."""
    link = ipqs.make_link(_CSV, answer)

    with _within(0.3 + 1), ipqs.expect_error(error):
        _read(ipqs, link, 0.3)


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
def test_spends_no_link_when_there_is_no_time_left(
    ipqs: IpqsHarness, seconds: float
) -> None:
    """The next attempt has time, and can use the link's worth."""
    link = ipqs.make_link(_CSV)

    with _within(1), ipqs.expect_error(ProviderUnavailable):
        ipqs.open(link, seconds=seconds)

    (csv,) = ipqs.simulator.csvs
    assert csv.downloads == 0


@pytest.mark.fault(53)
def test_spends_no_link_when_finding_the_address_took_all_the_time(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can end a look-up; what comes after it is ended at once."""
    link = ipqs.make_link(_CSV)
    look_up = socket.getaddrinfo

    def late(*asked: Any, **named: Any) -> Any:  # noqa: ANN401 - handed through as they come
        for watch in threading.enumerate():
            if watch.name == "watchdog":
                watch.join()
        return look_up(*asked, **named)

    monkeypatch.setattr(socket, "getaddrinfo", late)

    with _within(1), ipqs.expect_error(ProviderUnavailable):
        ipqs.open(link, seconds=0.1)

    (csv,) = ipqs.simulator.csvs
    assert csv.downloads == 0


def test_ends_what_has_ended_already(ipqs: IpqsHarness) -> None:
    """The deadline may meet a connection that the other side has reset."""
    answer = Answer.cut_after(7000, Ending.RESET)
    body = ipqs.open(ipqs.make_link(_CSV, answer), seconds=0.2)

    for watch in threading.enumerate():
        if watch.name == "watchdog":
            watch.join()
    with ipqs.expect_error(TransferTooSlow):
        read_body(body)


@pytest.mark.fault(53)
def test_ends_a_body_below_the_least_rate(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At that rate it would only use up the time of the function, and its money."""
    monkeypatch.setattr(connection, "WINDOW_SECONDS", 0.3)
    link = ipqs.make_link(_CSV, Answer.dripped(0.02))

    with _within(2), ipqs.expect_error(TransferTooSlow):
        read_body(ipqs.open(link, seconds=60))


def test_asks_for_the_least_rate_in_each_window_anew(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fast start does not pay for a stall later on."""
    monkeypatch.setattr(connection, "WINDOW_SECONDS", 0.3)
    link = ipqs.make_link(2_000_000, Answer.stalled_after(1_900_000))

    with _within(2), ipqs.expect_error(TransferTooSlow):
        read_body(ipqs.open(link, seconds=60))


def test_counts_bytes_when_they_come_not_when_a_buffer_is_full(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large buffer would hide a transfer that is slow, but fast enough."""
    monkeypatch.setattr(connection, "WINDOW_SECONDS", 0.4)
    monkeypatch.setattr(connection, "MIN_WINDOW_BYTES", 16 * 1024)
    pace = threading.Event()

    def paced() -> Iterator[bytes]:
        for _block in range(10):
            yield b"r" * 32 * 1024
            pace.wait(0.1)

    link = ipqs.make_link(Content(paced, 320 * 1024))
    body = ipqs.open(link, seconds=20)
    try:
        assert body.readinto(memoryview(bytearray(512 * 1024))) == 320 * 1024
    finally:
        body.close()


def test_asks_no_rate_of_a_host_that_still_thinks(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the head of an answer nothing can have come; the deadline holds there."""
    monkeypatch.setattr(connection, "WINDOW_SECONDS", 0.3)
    monkeypatch.setattr(connection, "MIN_WINDOW_BYTES", 1)
    answer = Answer.dripped(0.005, head_too=True)
    link = ipqs.make_link(b"Email\na\n", answer)

    assert read_body(ipqs.open(link, seconds=20))[1].rows == 1


@pytest.fixture
def black_hole() -> Iterator[str]:
    """Give a host that answers no connection: its queue is full for good."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = []
        for _place in range(4):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(address)
        try:
            yield f"127.0.0.1:{address[1]}"
        finally:
            for each in waiting:
                each.close()


@pytest.mark.fault(58)
@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(
            lambda http, url: http.open_download(url, seconds=0.3, max_bytes=9),
            id="download",
        ),
        pytest.param(
            lambda http, url: http.request("GET", url, seconds=0.3, max_bytes=9),
            id="request",
        ),
    ],
)
def test_ends_in_time_where_a_connection_comes_to_nothing(
    ipqs: IpqsHarness, black_hole: str, exchange: Callable[[HttpClient, str], object]
) -> None:
    """A black hole takes no notice of the deadline, unless connecting has it too."""
    http = HttpClient(tls=ipqs.tls, loopback=True)

    with _within(1.3), ipqs.expect_error(ProviderUnavailable):
        exchange(http, f"http://{black_hole}/")


@pytest.mark.fault(57)
def test_ends_in_time_where_tls_comes_to_nothing(ipqs: IpqsHarness) -> None:
    """The handshake is a place to stall in, too, and nothing has been sent by then."""
    http = HttpClient(tls=ipqs.tls, loopback=True)

    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/"
        with _within(1.3), ipqs.expect_error(ProviderUnavailable):
            http.request("GET", url, seconds=0.3, max_bytes=9)


def test_tells_a_lost_answer_from_one_that_never_began(ipqs: IpqsHarness) -> None:
    """Once connected, the request may have arrived."""
    http = HttpClient(tls=ipqs.tls, loopback=True)

    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with _within(1.3), ipqs.expect_error(AnswerLost):
            http.request("GET", url, seconds=0.3, max_bytes=9)
