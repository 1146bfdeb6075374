"""Strict response: a head, and chunks, that are read in one way only or not at all."""

import http.client
import socket
from io import BytesIO
from typing import Any, cast

import pytest
from requests.structures import CaseInsensitiveDict

from functions.providers.transport.framing import (
    Framing,
    FramingRefused,
    StrictResponse,
    framing_of,
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Raw:
    """The part of urllib3's response that says how it is framed."""

    def __init__(
        self, headers: dict[str, str], *, status: int = 200, version: int = 11
    ) -> None:
        self.headers = CaseInsensitiveDict(headers)
        self.status = status
        self.version = version


@pytest.mark.parametrize(
    ("raw", "framing"),
    [
        (Raw({}), Framing()),
        (Raw({"Content-Length": "7"}), Framing(length=7)),
        (Raw({"Content-Length": "9" * 18}), Framing(length=10**18 - 1)),
        (Raw({"Transfer-Encoding": "Chunked"}), Framing(chunked=True)),
        (Raw({"Content-Length": "7"}, status=204), Framing(length=0)),
        (Raw({"Transfer-Encoding": "x"}, status=304), Framing(length=0)),
        (Raw({"Content-Length": "7"}, version=10), Framing(length=7)),
    ],
)
def test_a_framing_is_read_from_the_headers(raw: Raw, framing: Framing) -> None:
    """The status, then the chunks, then the length: as the standard has it."""
    assert framing_of(raw) == framing


@pytest.mark.parametrize(
    ("raw", "fact"),
    [
        (Raw({"Transfer-Encoding": "gzip"}), "the transfer encoding is not chunked"),
        (
            Raw({"Transfer-Encoding": "chunked"}, version=10),
            "chunks do not exist in this version of HTTP",
        ),
        (Raw({"Content-Length": "9" * 19}), "the length is not a number"),
        (Raw({"Content-Length": "+7"}), "the length is not a number"),
        (Raw({"Content-Length": ""}), "the length is not a number"),
    ],
)
def test_an_unclear_framing_is_refused(raw: Raw, fact: str) -> None:
    """Two parsers would read it differently."""
    with pytest.raises(FramingRefused, match=f"^{fact}$"):
        framing_of(raw)


class Socket:
    """A socket from which a response is read."""

    def __init__(self, data: bytes) -> None:
        self.file = BytesIO(data)

    def makefile(self, _mode: str) -> BytesIO:
        """Return the file of the response."""
        return self.file


def response_to(data: bytes) -> StrictResponse:
    """Return the response to a request, its head read."""
    response = StrictResponse(cast("socket.socket", Socket(data)), method="GET")
    response.begin()
    return response


@pytest.mark.parametrize(
    "head",
    [
        OK + b"\r\n",
        OK.replace(b"\r", b"") + b"\n",
        b"HTTP/1.0 200\r\n\r\n",
        b"HTTP/1.1 200 \xe9\t!\r\n\r\n",
        OK + b"!#$%&'*+-.^_`|~aZ09:\r\n\r\n",
        OK + b"A: \t \xff b:c\r\nA: d\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"\r\n",
    ],
)
def test_a_clear_head_is_read(head: bytes) -> None:
    """All that the standard allows in a head, and nothing of the body with it."""
    response = response_to(head + b"rest")

    assert response.status == 200
    assert response.read() == b"rest"


@pytest.mark.parametrize(
    "line",
    [
        b"no header\r\n",
        b" continued: x\r\n",
        b": x\r\n",
        b"A B: x\r\n",
        b"A : x\r\n",
        b"A: \x00\r\n",
        b"A: x\r y\r\n",
        b"A: \x7f\r\n",
        b"A: \x08\r\n",
        b"A: \x0b\r\n",
        b"A: \x1f\r\n",
        b"\xe9: x\r\n",
    ],
)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_line_that_is_no_header_is_refused(line: bytes, place: int) -> None:
    """The library would skip the rest of the head, the framing with it."""
    lines = [OK, b"B: x\r\n", b"Content-Length: 0\r\n", b"\r\n"]
    lines.insert(place, line)

    with pytest.raises(FramingRefused, match=r"^a line of the head is no header$"):
        response_to(b"".join(lines))


@pytest.mark.parametrize(
    "status", [b"HTTP/1.1 200 \x07\r\n", b"HTTP/1.1 200-OK\r\n", b"HTTP/1.12 200\r\n"]
)
def test_a_strange_status_line_is_refused(status: bytes) -> None:
    """It says by which version the framing is to be read."""
    with pytest.raises((FramingRefused, http.client.HTTPException)):
        response_to(status + b"\r\n")


@pytest.mark.parametrize(
    "head", [OK, OK + b"A: x\r\n", OK + b"A: x", b"HTTP/1.1 200 OK"]
)
def test_a_head_that_was_cut_is_an_error_of_the_connection(head: bytes) -> None:
    """The call may be repeated; the library would take it for a whole one."""
    with pytest.raises(http.client.RemoteDisconnected, match=r"^the head was cut$"):
        response_to(head)


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 1\r\nContent-Length: 1\r\n",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_body_that_ends_in_two_ways_is_refused(headers: bytes) -> None:
    """An attacker could hide one response in another one."""
    fact = r"^the headers say more than once where the body ends$"
    with pytest.raises(FramingRefused, match=fact):
        response_to(OK + headers + b"\r\n")


def test_the_file_is_read_directly_after_the_head() -> None:
    """Recording all lines of a body would keep it in memory."""
    response = response_to(OK + b"Content-Length: 4\r\n\r\nrest")
    file: Any = response.fp

    assert isinstance(file, BytesIO)
    assert response.read() == b"rest"


def test_a_head_that_is_none_closes_the_file() -> None:
    """Nobody will read on, and no recorder is left in its place."""
    opened = Socket(b"nonsense\r\n\r\n")
    response = StrictResponse(cast("socket.socket", opened))

    with pytest.raises(http.client.BadStatusLine):
        response.begin()

    assert vars(response)["fp"] is None
    assert opened.file.closed


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"0\r\n\r\n", b""),
        (b"2\r\nab\r\n0\r\n\r\n", b"ab"),
        (b"2\nab\r\n0\n\n", b"ab"),
        (b"10;" + b"x" * 1019 + b"\r\n" + b"d" * 16 + b"\r\n0\r\n\r\n", b"d" * 16),
        (
            b"0000000000000002;x=y\r\nab\r\nA;\r\n"
            + b"c" * 10
            + b"\r\n0\r\nT: t\r\n\r\n",
            b"ab" + b"c" * 10,
        ),
        (
            b" b \r\n" + b"c" * 11 + b"\r\n0\r\nT: " + b"t" * 1000 + b"\r\n\r\n",
            b"c" * 11,
        ),
    ],
)
def test_chunks_are_joined(body: bytes, content: bytes) -> None:
    """Sizes are hexadecimal, extensions and trailers are read over."""
    assert response_to(CHUNKED + body).read() == content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"2\r\nab\r\n",
        b"2\r\nab\r\n0",
        b"2\r\nab\r\n0\r\n",
        b"2\r\nab\r\n0\r\nT: t",
        b"2\r\nab\r\n0\r\nT: t\r\n",
        b"2\r\nabc\r\n0\r\n\r\n",
        b"2\r\nab0\r\n\r\n",
        b"2\r\nab\n\n0\r\n\r\n",
        b"2\r\nab\r0\r\n\r\n",
        b"-2\r\nab\r\n0\r\n\r\n",
        b"0x2\r\nab\r\n0\r\n\r\n",
        b"00000000000000002\r\nab\r\n0\r\n\r\n",
        b"\r\n\r\n",
        b"2 2\r\nab\r\n0\r\n\r\n",
        b"2;" + b"x" * 1021 + b"\r\nab\r\n0\r\n\r\n",
        b"2\r\nab\r\n0\r\nT: " + b"t" * 1020 + b"\r\n\r\n",
    ],
)
def test_chunks_that_are_not_whole_are_refused(body: bytes) -> None:
    """A result that was cut would pass for the whole one."""
    with pytest.raises(http.client.IncompleteRead):
        response_to(CHUNKED + body).read()
