"""A simulator is bounded in memory, stops at once and leaves nothing behind."""

import http.client
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme

from local.simulators.clock import Clock, RunningClock
from local.simulators.ipqs import Answer, IpqsSimulator
from tests.simulators.api_client import KEY, SECONDS, IpqsClient

ROOT = Path(__file__).parents[2]
MEGABYTE = 1_000_000


@pytest.mark.parametrize("answer", [Answer.hang(), Answer.dripped(0.05)])
def test_stops_in_the_middle_of_a_fault(answer: Answer) -> None:
    """A test that ends must not wait for the fault it provoked."""
    with IpqsSimulator.started(api_key=KEY) as ipqs:
        ipqs.script("list", [answer])
        client = IpqsClient(ipqs)
        host = ipqs.base_url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=SECONDS)
        connection.request("GET", f"/api/json/csv/{KEY}/list")
        while not ipqs.requests:
            time.sleep(0.001)
        started = time.monotonic()

    assert time.monotonic() - started < SECONDS
    connection.close()
    client.session.close()


def test_stops_with_idle_connections() -> None:
    """Clients keep connections open, and some never send anything."""
    with IpqsSimulator.started(api_key=KEY) as ipqs:
        client = IpqsClient(ipqs)
        client.uploaded()
        host, port = ipqs.base_url.removeprefix("http://").split(":")
        silent = socket.create_connection((host, int(port)), SECONDS)

    silent.close()
    with pytest.raises(requests.ConnectionError):
        client.upload()
    client.session.close()


def test_reuses_connections(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Chunked answers end where they say, so that the next request can follow."""
    host = ipqs.base_url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=SECONDS)
    connection.connect()
    first = connection.sock

    for _time in range(3):
        connection.request("GET", f"/api/json/csv/{KEY}/list")
        connection.getresponse().read()

    assert connection.sock is first
    connection.close()
    assert client.uploaded()


def test_survives_a_client_that_leaves(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """An upload that breaks off is not an upload."""
    host, port = ipqs.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), SECONDS) as leaving:
        head = f"POST /api/json/csv/{KEY}/email/upload HTTP/1.1\r\n"
        kind = "Content-Type: multipart/form-data; boundary=x\r\n"
        leaving.sendall(f"{head}{kind}Content-Length: 1000\r\n\r\n--x\r\n".encode())

    assert client.uploaded() == 3_000_001
    assert len(ipqs.csvs) == 1


@pytest.fixture
def memory() -> Iterator[None]:
    """Traces what Python allocates, in the simulator's threads too."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("memory")
def test_keeps_large_uploads_on_the_disk(ipqs: IpqsSimulator) -> None:
    """A large list must not be held by whoever stands in for the provider."""
    host = ipqs.base_url.removeprefix("http://")
    head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    block, blocks, tail = b"x" * (MEGABYTE - 1) + b"\n", 50, b"\r\n--x--\r\n"
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.putrequest("POST", f"/api/json/csv/{KEY}/email/upload")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    length = len(head) + blocks * MEGABYTE + len(tail)
    connection.putheader("Content-Length", str(length))
    connection.endheaders(head)

    for _block in range(blocks):
        connection.send(block)
    connection.send(tail)

    assert connection.getresponse().status == 200
    assert ipqs.csvs[0].upload is not None
    assert ipqs.csvs[0].upload.stat().st_size == blocks * MEGABYTE
    assert tracemalloc.get_traced_memory()[1] < 8 * MEGABYTE
    connection.close()


@pytest.mark.usefixtures("memory")
def test_makes_large_results_on_the_fly(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """A result of gigabytes costs no memory."""
    link = client.link(ipqs.add_finished(results={"all": 200 * MEGABYTE}))

    with client.get(link, stream=True) as response:
        size = sum(map(len, response.iter_content(MEGABYTE)))

    assert size == 200 * MEGABYTE
    assert tracemalloc.get_traced_memory()[1] < 8 * MEGABYTE


def test_serves_tls() -> None:
    """Adapters follow https only, so the simulator can be one of those."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with (
        authority.cert_pem.tempfile() as trusted,
        IpqsSimulator.started(api_key=KEY, tls=context, name="localhost") as ipqs,
        requests.Session() as session,
    ):
        session.trust_env = False
        session.verify = trusted
        client = IpqsClient(ipqs, session)
        assert ipqs.base_url.startswith("https://localhost:")

        link = client.link(client.finished())
        assert link.startswith(f"https://{ipqs.download_host}/")
        assert client.get(link).status_code == 200

        ipqs.script("download", [Answer.cut_after(10)])
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            client.get(client.link(3_000_001))
        ipqs.script("list", [Answer.hang()])
        with pytest.raises(requests.exceptions.ReadTimeout):
            session.get(client.address("list"), timeout=1.0)
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(client.address("list"), timeout=SECONDS)


def test_stops_during_a_handshake() -> None:
    """A client that connects to TLS and says nothing must not hold the end up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with IpqsSimulator.started(api_key=KEY, tls=context) as ipqs:
        host, port = ipqs.base_url.removeprefix("https://").split(":")
        silent = socket.create_connection((host, int(port)), SECONDS)

    silent.close()


def test_clocks() -> None:
    """One stands still until it is told, the other one runs."""
    still, running = Clock(), RunningClock()
    start = still.now()
    still.advance(5)
    running.advance(1000)

    assert still.now() == start + 5
    assert 990 < running.now() - time.time() < 1010


def test_leaves_no_thread() -> None:
    """Counted here by itself, as the other tests rely on it."""
    before = threading.active_count()
    with IpqsSimulator.started(api_key=KEY) as ipqs:
        client = IpqsClient(ipqs)
        client.finished()
        assert threading.active_count() > before
    client.session.close()

    assert threading.active_count() == before
