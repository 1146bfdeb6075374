"""Framing: whatever headers say, a body arrives whole, or it is refused."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from functions.core.errors import (
    AnswerUnreadable,
    CourierError,
    LinkSpent,
    ProviderUnavailable,
    RetryableError,
    TransferIncomplete,
)
from functions.providers.transport.http import HttpClient
from tests.contract.harness import read_body
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.loopback_hosts import raw_response_server

_TABLE = b"Email Address,Valid\na@example.com,true\n"
_JSON = b'{"success": true, "id": 7}'


def _in_chunks(body: bytes) -> bytes:
    """Return a body as two chunks, the second with an extension, and a trailer."""
    first, second = body[:11], body[11:]
    return b"B\r\n%b\r\n00%x;x=y\r\n%b\r\n0\r\nX-Trailer: t\r\n\r\n" % (
        first,
        len(second),
        second,
    )


@dataclass(frozen=True)
class Message:
    """A response as it is on the wire, and whether it may be accepted."""

    head: bytes
    body: bytes
    is_clear: bool  # whether it says clearly where its body ends

    @property
    def raw(self) -> bytes:
        """All of its bytes."""
        return self.head + self.body


#: The values of the header Transfer-Encoding: None is no header, a pair is two.
_TRANSFER_ENCODINGS: tuple[tuple[bytes, ...], ...] = (
    (),
    (b"chunked",),
    (b"Chunked",),
    (b"identity",),
    (b"gzip",),
    (b"",),
    (b"identity, chunked",),
    (b"gzip, chunked",),
    (b"chunked, identity",),
    (b"chunked, chunked",),
    (b"chunked;q=1",),
    (b"xchunked",),
    (b"chunked ",),
    (b"\x0bchunked",),
    (b"chunked\r\n , identity",),
    (b"chunked", b"chunked"),
    (b"identity", b"chunked"),
    (b"chunked", b"identity"),
)
#: The header Content-Length, by the true length.
_LENGTHS: tuple[tuple[str, ...], ...] = (
    (),
    ("{n}",),
    ("0{n}",),
    ("{less}",),
    ("{more}",),
    ("+{n}",),
    ("-{n}",),
    ("{n}, {n}",),
    ("{n}_0",),
    ("0x{n}",),
    ("{n}.0",),
    ("",),
    ("9" * 30,),
    ("{n}", "{n}"),
    ("{n}", "{less}"),
    ("{less}", "{n}"),
)
_CONTENT_ENCODINGS = (None, b"gzip", b"br")
#: Of all combinations of the two, these say clearly where the body ends.
_CLEAR_CHUNKED = {((b"chunked",), ()), ((b"Chunked",), ())}
_CLEAR_LENGTH = {((), ("{n}",)), ((), ("0{n}",))}


def _messages(content: bytes) -> Iterator[Message]:
    for version, encodings, lengths, coding in product(
        (b"1.0", b"1.1"), _TRANSFER_ENCODINGS, _LENGTHS, _CONTENT_ENCODINGS
    ):
        body = gzip.compress(content, mtime=0) if coding == b"gzip" else content
        if any(b"chunked" in encoding.lower() for encoding in encodings):
            body = _in_chunks(body)
        n = len(body)
        if not encodings and lengths == ("{less}",):
            continue  # nobody can tell that from the truth
        headers = [b"Transfer-Encoding: " + encoding for encoding in encodings]
        headers += [
            b"Content-Length: " + text.format(n=n, less=n - 9, more=n + 9).encode()
            for text in lengths
        ]
        headers += [b"Content-Encoding: " + coding] if coding else []
        framing = (encodings, lengths)
        is_framed = framing in _CLEAR_LENGTH or (
            framing in _CLEAR_CHUNKED and version == b"1.1"
        )
        # Without any framing, the trailer of a gzip stream proves its end.
        is_clear = is_framed or (framing == ((), ()) and coding == b"gzip")
        yield Message(
            b"\r\n".join([b"HTTP/%b 200 OK" % version, *headers, b"", b""]),
            body,
            is_clear and coding != b"br",
        )


def _download(client: HttpClient, raw: bytes) -> bytes:
    with raw_response_server(raw) as host:
        body = client.open_download(f"http://{host}/f", seconds=20, max_bytes=9999)
        return read_body(body)[0]


@pytest.fixture
def client(ipqs: IpqsHarness) -> HttpClient:
    """Return a client that may connect to this machine."""
    return HttpClient(tls=ipqs.tls, loopback=True)


@pytest.mark.fault(45)
@pytest.mark.fault(46)
@pytest.mark.fault(61)
@pytest.mark.parametrize("coding", _CONTENT_ENCODINGS)
def test_a_download_is_whole_or_refused(
    client: HttpClient, coding: bytes | None
) -> None:
    """A lenient parser took 200 of 5,112 bytes, and chunk sizes, for a result."""
    wrong = []
    header = b"Content-Encoding: %b\r\n" % (coding or b"")
    for message in _messages(_TABLE):
        if (header in message.head) != (coding is not None):
            continue
        try:
            downloaded: bytes | str = _download(client, message.raw)
        except RetryableError as refused:
            downloaded = type(refused).__name__
        expected = {_TABLE} if message.is_clear else {"TransferIncomplete"}
        # An announced length of many digits is also more than is allowed.
        if downloaded not in expected and b"9" * 30 not in message.head:
            wrong.append((message.head, downloaded))

    assert wrong == []


@pytest.mark.fault(42)
@pytest.mark.fault(46)
def test_a_download_that_is_cut_anywhere_is_refused(client: HttpClient) -> None:
    """Neither the head, nor a chunk, nor its size may pass for whole when cut."""
    clear = [message for message in _messages(_TABLE) if message.is_clear]
    taken = [
        message.raw[:end]
        for message in clear
        for end in range(len(message.raw))
        if not _is_refused(client, message.raw[:end])
    ]

    assert len(clear) > 10
    assert taken == []


def _is_refused(client: HttpClient, raw: bytes) -> bool:
    try:
        _download(client, raw)
    except (TransferIncomplete, ProviderUnavailable):
        return True
    return False


@pytest.mark.fault(46)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"5\r\nEmail5\r\n,Vali\r\n0\r\n\r\n", id="no break after a chunk"),
        pytest.param(b"5\r\nEmailXX0\r\n\r\n", id="other bytes after a chunk"),
        pytest.param(b"5\r\nEmail\n\n0\r\n\r\n", id="two line feeds after a chunk"),
        pytest.param(b"5\r\nEmail\r\n0\r\n", id="no empty line at the end"),
        pytest.param(b"5\r\nEmail\r\n0\r\nX: y", id="a trailer that is cut"),
        pytest.param(b"+5\r\nEmail\r\n0\r\n\r\n", id="a sign"),
        pytest.param(b"5_0\r\nEmail\r\n0\r\n\r\n", id="an underscore"),
    ],
)
def test_chunks_are_read_strictly(client: HttpClient, body: bytes) -> None:
    """The library throws away two bytes after a chunk, whatever they are."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert _is_refused(client, head + body)


@pytest.mark.fault(61)
@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"Transfer-Encoding : chunked", id="a space before the colon"),
        pytest.param(b"no header", id="no colon"),
        pytest.param(b" Transfer-Encoding: chunked", id="continues the line before"),
        pytest.param(b"X: y\rTransfer-Encoding: chunked", id="a lone CR"),
        pytest.param(b"X: \x00", id="NUL"),
        pytest.param(b": x", id="no name"),
    ],
)
def test_a_head_with_a_line_that_is_no_header_is_refused(
    ipqs: IpqsHarness, client: HttpClient, line: bytes
) -> None:
    """The library drops all headers after it, those of the framing included."""
    head = b"HTTP/1.1 200 OK\r\nX-First: 1\r\n%b\r\nContent-Length: %d\r\n\r\n"

    with ipqs.expect_error(TransferIncomplete):
        _download(client, head % (line, len(_TABLE)) + _TABLE)
    with raw_response_server(head % (line, len(_JSON)) + _JSON) as host:
        url = f"http://{host}/"
        with ipqs.expect_error(AnswerUnreadable):
            client.request("GET", url, seconds=20, max_bytes=9999)


@pytest.mark.fault(24)
@pytest.mark.fault(61)
def test_an_answer_is_whole_or_an_error(client: HttpClient) -> None:
    """An answer decides what happens to a job that is paid for.

    Without any framing an answer is accepted: JSON shows by itself that it is whole.
    """
    wrong = []
    for message in _messages(_JSON):
        unframed = not any(
            name in message.head for name in (b"Transfer-Enc", b"Content-Len")
        )
        coding_is_known = b": br" not in message.head
        try:
            with raw_response_server(message.raw) as host:
                answer: bytes | str = client.request(
                    "GET", f"http://{host}/", seconds=20, max_bytes=9999
                ).body
        except CourierError as error:
            answer = type(error).__name__
        if message.is_clear or (unframed and coding_is_known):
            is_right = answer == _JSON
        else:
            is_right = answer in ("AnswerUnreadable", "AnswerLost")
        if not is_right:
            wrong.append((message.head, answer))

    assert wrong == []


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_needs_no_framing(
    ipqs: IpqsHarness, client: HttpClient, status: int
) -> None:
    """Its body is not read, so its end does not matter."""
    with ipqs.expect_error(LinkSpent):
        _download(client, b"HTTP/1.0 %d No\r\n\r\nexpired" % status)
