"""The console's server responds to a browser on this machine, and to no other."""

import http.client
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from verdict_courier.api_client import ApiUnreachable
from verdict_courier.console.page_response import PageResponse, text_response
from verdict_courier.console.server import serve

_REQUESTED: list[str] = []


def respond(path: str) -> PageResponse | None:
    """Respond to one path, and record the requested paths."""
    _REQUESTED.append(path)
    return text_response("text/plain", "the jobs") if path == "data" else None


@pytest.fixture
def address() -> Iterator[str]:
    """Serve one page."""
    _REQUESTED.clear()
    with serve(respond) as url:
        yield url


def request(
    address: str, path: str = "data", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Send a request with any method and headers, as a browser would not."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request(method, parts.path + path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_it_responds_to_its_own_host_names(address: str) -> None:
    """A bookmark may say localhost."""
    port = urlsplit(address).port

    assert request(address)[2] == b"the jobs"
    assert request(address, Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""]
)
def test_a_foreign_host_name_is_refused(address: str, host: str) -> None:
    """DNS can resolve any name to this machine; a page of that name could read all."""
    named = host.format(port=urlsplit(address).port)

    status, _, content = request(address, Host=named)

    assert status == 421
    assert b"jobs" not in content
    assert not _REQUESTED


@pytest.mark.parametrize("path", ["/", "/data", "/x/data", "//data", "/%C3%A9/data"])
def test_without_the_key_nothing_is_found(address: str, path: str) -> None:
    """Other users of the machine reach the port, but do not know the path."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.putrequest("GET", path)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()

    assert status == 404
    assert not _REQUESTED


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "X"])
def test_only_get_is_allowed(address: str, method: str) -> None:
    """The console only reads; a form of another page must not change anything."""
    status, headers, _ = request(address, method=method)

    assert (status, headers["Allow"]) == (405, "GET")
    assert not _REQUESTED


@pytest.mark.parametrize("path", ["data", "nothing"])
def test_every_response_has_the_security_headers(address: str, path: str) -> None:
    """Refusals are responses, too."""
    _, headers, _ = request(address, path)

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert not any(name.startswith("Access-Control") for name in headers)


def test_each_server_has_its_own_key(address: str) -> None:
    """The address of an earlier run must not work."""
    with serve(respond) as other:
        assert urlsplit(other).path != urlsplit(address).path


def test_its_thread_and_port_are_released() -> None:
    """`make down` ends it with its stack."""
    before = threading.active_count()

    with serve(respond) as url:
        request(url)

    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        request(url)


def test_a_broken_transfer_ends_the_connection() -> None:
    """The announced length shows the browser that the file is not whole."""

    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise ApiUnreachable("The transfer broke off")

    def respond(_: str) -> PageResponse:
        return PageResponse(
            media_type="text/plain",
            chunks=chunks(),
            headers={"Content-Length": "8"},
        )

    with serve(respond) as address, pytest.raises(http.client.IncompleteRead):
        request(address)
