"""The page's server answers a browser of this machine, and nobody else."""

import http.client
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from verdict_courier.console import page_response as reply
from verdict_courier.console.page_response import Reply
from verdict_courier.console.server import served

_ASKED: list[str] = []


def replies(path: str) -> Reply | None:
    """Know one path, and note what was asked for."""
    _ASKED.append(path)
    return reply.text("text/plain", "the jobs") if path == "data" else None


@pytest.fixture
def address() -> Iterator[str]:
    """Serve one reply."""
    _ASKED.clear()
    with served(replies) as url:
        yield url


def asked(
    address: str, path: str = "data", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Ask with any method and headers, as a browser would not."""
    parts = urlsplit(address)
    caller = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        caller.request(method, parts.path + path, headers=headers)
        answer = caller.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        caller.close()


def test_it_answers_by_its_own_names(address: str) -> None:
    """A bookmark may say localhost."""
    port = urlsplit(address).port

    assert asked(address)[2] == b"the jobs"
    assert asked(address, Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""]
)
def test_a_foreign_name_is_refused(address: str, host: str) -> None:
    """DNS can lead any name here; a page of that name would read along."""
    named = host.format(port=urlsplit(address).port)

    status, _, content = asked(address, Host=named)

    assert status == 421
    assert b"jobs" not in content
    assert not _ASKED


@pytest.mark.parametrize("path", ["/", "/data", "/x/data", "//data", "/%C3%A9/data"])
def test_without_the_key_there_is_nothing(address: str, path: str) -> None:
    """Other users of the machine reach the port, but do not know the path."""
    parts = urlsplit(address)
    caller = http.client.HTTPConnection(parts.netloc, timeout=10)
    caller.putrequest("GET", path)
    caller.endheaders()
    status = caller.getresponse().status
    caller.close()

    assert status == 404
    assert not _ASKED


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "X"])
def test_nothing_but_get_is_taken(address: str, method: str) -> None:
    """The page looks; a form of another page must not be able to do anything."""
    status, headers, _ = asked(address, method=method)

    assert (status, headers["Allow"]) == (405, "GET")
    assert not _ASKED


@pytest.mark.parametrize("path", ["data", "nothing"])
def test_every_answer_is_guarded(address: str, path: str) -> None:
    """A refusal is an answer, too."""
    _, headers, _ = asked(address, path)

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert not any(name.startswith("Access-Control") for name in headers)


def test_each_server_has_a_key_of_its_own(address: str) -> None:
    """An address of yesterday opens nothing."""
    with served(replies) as other:
        assert urlsplit(other).path != urlsplit(address).path


def test_it_leaves_nothing_behind() -> None:
    """`make down` ends it with its stack."""
    before = threading.active_count()

    with served(replies) as url:
        asked(url)

    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        asked(url)
