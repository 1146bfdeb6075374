"""The console's server responds to a browser on this machine, and to no other."""

import http.client
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from verdict_courier.api_client import ApiUnreachable
from verdict_courier.console.page_response import PageResponse, text_response
from verdict_courier.console.server import KEY_HEADER, serve

_REQUESTED: list[str] = []
_DONE: list[str] = []


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


def act(path: str) -> PageResponse | None:
    """Do one thing, and record what was asked for."""
    _DONE.append(path)
    return text_response("text/plain", "done") if path == "jobs/1" else None


@pytest.fixture
def acting() -> Iterator[str]:
    """Serve one page that can do something."""
    _DONE.clear()
    with serve(respond, act) as url:
        yield url


def ours(address: str) -> dict[str, str]:
    """Return the headers that a browser sends for a script of the page."""
    parts = urlsplit(address)
    return {
        "Origin": f"http://{parts.netloc}",
        KEY_HEADER: parts.path.strip("/"),
    }


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
def test_a_page_that_only_shows_allows_only_get(address: str, method: str) -> None:
    """Nothing is changed by what was not made to change anything."""
    status, headers, _ = request(address, method=method)

    assert (status, headers["Allow"]) == (405, "GET")
    assert not _REQUESTED


def test_a_page_of_ours_acts(acting: str) -> None:
    """What is no action is not found, and a GET of one does nothing."""
    assert request(acting, "jobs/1", "POST", **ours(acting))[2] == b"done"
    assert request(acting, "jobs/2", "POST", **ours(acting))[0] == 404
    assert request(acting, "jobs/1", "GET", **ours(acting))[0] == 404
    assert _DONE == ["jobs/1", "jobs/2"]

    named = f"localhost:{urlsplit(acting).port}"  # as a bookmark may say
    headers = {**ours(acting), "Host": named, "Origin": f"http://{named}"}
    assert request(acting, "jobs/1", "POST", **headers)[2] == b"done"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"Origin": "https://evil.example"}, 403, id="another site"),
        pytest.param({"Origin": "null"}, 403, id="a frame without an origin"),
        pytest.param({"Origin": None}, 403, id="no browser"),
        pytest.param({"Origin": "http://localhost:1"}, 403, id="another port"),
        pytest.param({KEY_HEADER: None}, 403, id="a form"),
        pytest.param({KEY_HEADER: "x"}, 403, id="a key of another start"),
        pytest.param({KEY_HEADER: "é"}, 403, id="no key at all"),
        pytest.param({"Host": "evil.example"}, 421, id="a foreign name"),
    ],
)
def test_what_is_not_from_a_page_of_ours_does_nothing(
    acting: str, changes: dict[str, str | None], status: int
) -> None:
    """Any site that an operator visits can send a POST to a port of the machine."""
    headers = {name: text for name, text in {**ours(acting), **changes}.items() if text}

    assert request(acting, "jobs/1", "POST", **headers)[0] == status
    assert not _DONE


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_a_question_of_another_site_gets_no_leave(acting: str, method: str) -> None:
    """A browser asks by OPTIONS before it lets another site send the header."""
    status, headers, _ = request(acting, "jobs/1", method, **ours(acting))

    assert (status, headers["Allow"]) == (405, "GET, POST")
    assert not any(name.startswith("Access-Control") for name in headers)
    assert not _DONE


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
