"""Downloads: a result is complete and proven so, or it is refused."""

import zlib
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import (
    CourierError,
    LinkSpent,
    ProviderThrottled,
    ProviderUnavailable,
    ResultNotATable,
    ResultTooLarge,
    TransferImpossible,
    TransferIncomplete,
    TransferTooSlow,
)
from functions.providers.protocol import Link
from local.simulators.ipqs import Answer, Content, Ending, Framing
from tests.contract.examples import few_examples
from tests.contract.harness import read_body
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.loopback_hosts import LoopbackListener, raw_response_server
from tests.contract.memory import memory_limit

_CSV = b"Email Address,Valid\n" + b"a@example.com,true\n" * 400


def _download_raw(ipqs: IpqsHarness, answer: bytes, **settings: int) -> bytes:
    with raw_response_server(answer) as host:
        adapter = ipqs.provider_with(download_hosts=(host,), **settings)
        body = adapter.open(
            Link(f"http://{host}/d?token=x", 0.0), type_="email", seconds=20
        )
        return read_body(body)[0]


@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
@pytest.mark.parametrize("size", [20, 64 * 1024, 64 * 1024 + 1, 3_000_000])
def test_downloads_every_byte(ipqs: IpqsHarness, framing: Framing, size: int) -> None:
    """The sizes are at and next to the edges of buffers."""
    ipqs.simulator.behave(file_framing=framing)
    content = Content.rows(size)

    data, stats = ipqs.download(ipqs.make_link(content))

    assert data == content.read()
    assert stats.crc32 == zlib.crc32(data)


@few_examples
@given(rest=st.binary(min_size=1, max_size=2000))
def test_changes_no_byte(ipqs: IpqsHarness, rest: bytes) -> None:
    """Cells that look like formulas, or like nothing at all, arrive unchanged."""
    data = Content.rows(64 * 1024).read() + rest
    assert ipqs.download(ipqs.make_link(data))[0] == data


def test_announces_the_length(ipqs: IpqsHarness) -> None:
    """The caller plans with it, and can refuse early."""
    body = ipqs.open(ipqs.make_link(_CSV))

    assert body.announced_bytes == len(_CSV)
    assert read_body(body)[0] == _CSV


@pytest.mark.parametrize(
    "answer", [Answer().via(framing=Framing.CHUNKED), Answer.gzipped()]
)
def test_announces_no_length_that_it_does_not_know(
    ipqs: IpqsHarness, answer: Answer
) -> None:
    """The length of a compressed body is not the length of the result."""
    body = ipqs.open(ipqs.make_link(_CSV, answer))

    assert body.announced_bytes is None
    assert read_body(body)[0] == _CSV


@pytest.mark.fault(45)
def test_does_not_take_a_closed_connection_for_the_end(ipqs: IpqsHarness) -> None:
    """A connection that breaks closes in the same way as one that is done."""
    link = ipqs.make_link(_CSV, Answer().via(framing=Framing.CLOSE))

    with ipqs.expect_error(TransferIncomplete):
        ipqs.open(link)


@pytest.mark.fault(49)
@pytest.mark.parametrize("framing", Framing)
def test_decompresses_gzip(ipqs: IpqsHarness, framing: Framing) -> None:
    """It is not asked for; where it comes, its trailer proves the end."""
    link = ipqs.make_link(_CSV, Answer.gzipped().via(framing=framing))

    assert ipqs.download(link)[0] == _CSV


@pytest.mark.fault(48)
@few_examples
@given(cut=st.integers(min_value=1, max_value=80), framing=st.sampled_from(Framing))
def test_refuses_a_gzip_stream_that_is_cut(
    ipqs: IpqsHarness, cut: int, framing: Framing
) -> None:
    """The HTTP body is complete here, and requests would not complain."""
    link = ipqs.make_link(_CSV, Answer.gzipped(cut=cut).via(framing=framing))

    with ipqs.expect_error(TransferIncomplete):
        ipqs.download(link)


@pytest.mark.fault(49)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(
            Answer.gzipped(bad_crc=True), TransferIncomplete, id="bad checksum"
        ),
        pytest.param(Answer.gzipped(times=2), TransferIncomplete, id="twice"),
        pytest.param(
            Answer(more_headers=(("Content-Encoding", "br"),)),
            TransferIncomplete,
            id="brotli",
        ),
        pytest.param(
            Answer(more_headers=(("Content-Encoding", "gzip"),)),
            TransferIncomplete,
            id="gzip by name only",
        ),
        pytest.param(
            Answer(
                change=lambda content: Content.of(content.gzipped().read() + b"more"),
                more_headers=(("Content-Encoding", "gzip"),),
            ),
            TransferIncomplete,
            id="more after the trailer",
        ),
        pytest.param(
            Answer(
                change=lambda content: Content.of(2 * content.gzipped().read()),
                more_headers=(("Content-Encoding", "gzip"),),
            ),
            TransferIncomplete,
            id="two in a row",
        ),
    ],
)
def test_refuses_other_compression(
    ipqs: IpqsHarness, answer: Answer, error: type[CourierError]
) -> None:
    """What cannot be decompressed to a proven end is not a result."""
    link = ipqs.make_link(_CSV, answer)

    with ipqs.expect_error(error):
        ipqs.download(link)


@pytest.mark.fault(42)
@few_examples
@given(
    size=st.integers(min_value=0, max_value=len(_CSV) - 1),
    framing=st.sampled_from([Framing.LENGTH, Framing.CHUNKED]),
    ending=st.sampled_from([Ending.CLOSE, Ending.RESET, Ending.HALF_CLOSE]),
)
def test_refuses_a_result_that_is_cut_after_any_byte(
    ipqs: IpqsHarness, size: int, framing: Framing, ending: Ending
) -> None:
    """Half a result that looks complete is the worst thing to deliver."""
    answer = Answer.cut_after(size, ending).via(framing=framing)
    link = ipqs.make_link(_CSV, answer)

    with pytest.raises((TransferIncomplete, ProviderUnavailable)):
        ipqs.download(link)


@pytest.mark.fault(46)
def test_refuses_a_result_that_is_cut_within_its_framing(ipqs: IpqsHarness) -> None:
    """A chunk's size that is cut after its zeros looks like the last chunk."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    rows = b"a@example.com,1\n" * 10
    body = b"0014\r\nEmail Address,Valid\n\r\n00A0;x=y\r\n" + rows + b"\r\n"
    whole = head + body + b"000\r\n\r\n"
    last = len(head + body)

    taken = []
    for end in range(len(head), last + len(b"000\r\n")):
        with pytest.raises((TransferIncomplete, ProviderUnavailable)):
            taken.append((end, _download_raw(ipqs, whole[:end])))

    assert taken == []
    assert len(_download_raw(ipqs, whole)) == 20 + 160


@pytest.mark.fault(46)
@pytest.mark.parametrize("size", [b"xyz", b"", b"-5", b"5 5", b"0x5"])
def test_refuses_invalid_chunk_sizes(ipqs: IpqsHarness, size: bytes) -> None:
    """A size that two parsers read differently can hide what follows."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    with ipqs.expect_error(TransferIncomplete):
        _download_raw(ipqs, head + size + b"\r\nEmail\r\n0\r\n\r\n")


@pytest.mark.fault(45)
@pytest.mark.parametrize("missing", [1, 1000, 10**15])
def test_refuses_a_result_shorter_than_announced(
    ipqs: IpqsHarness, missing: int
) -> None:
    """One missing byte is enough."""
    link = ipqs.make_link(
        _CSV, Answer().via(framing=Framing.LENGTH, length_lie=missing)
    )

    with pytest.raises((TransferIncomplete, ResultTooLarge)):
        ipqs.download(link)


@pytest.mark.fault(45)
@pytest.mark.parametrize("length", [b"x", b"-1", b"7, 8", b"1e3", b""])
def test_refuses_an_invalid_length(ipqs: IpqsHarness, length: bytes) -> None:
    """It proves nothing about the end."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n"

    with pytest.raises((TransferIncomplete, ProviderUnavailable)):
        _download_raw(ipqs, head + b"Email Address\na@example.com\n")


@pytest.mark.fault(59)
@pytest.mark.parametrize("ending", [Ending.RESET, Ending.HALF_CLOSE, Ending.CLOSE])
def test_refuses_99_percent_of_a_result(ipqs: IpqsHarness, ending: Ending) -> None:
    """The last hundredth has rows as well."""
    link = ipqs.make_link(1_000_000, Answer.cut_after(990_000, ending))

    with ipqs.expect_error(TransferIncomplete):
        ipqs.download(link)


@pytest.mark.fault(41)
@pytest.mark.fault(60)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer.http(204), LinkSpent, id="204"),
        pytest.param(Answer.http(206, _CSV), LinkSpent, id="206"),
        pytest.param(Answer.http(304), LinkSpent, id="304"),
        pytest.param(Answer.http(400), LinkSpent, id="400"),
        pytest.param(Answer.html(403), LinkSpent, id="403"),
        pytest.param(Answer.html(404), LinkSpent, id="404"),
        pytest.param(Answer.http(410), LinkSpent, id="410"),
        pytest.param(Answer.html(200), LinkSpent, id="a page with 200"),
        pytest.param(
            Answer.http(200, b"\n <html>", content_type="text/csv"),
            ResultNotATable,
            id="a page called CSV",
        ),
        pytest.param(
            Answer.refusal("This link has expired."),
            ResultNotATable,
            id="JSON with 200",
        ),
        pytest.param(
            Answer.http(200, b"This link has expired.", content_type="text/plain"),
            ResultNotATable,
            id="a sentence with 200",
        ),
        pytest.param(
            Answer.http(200, b'["a@example.com"]'),
            ResultNotATable,
            id="a list with 200",
        ),
        pytest.param(Answer.http(429, retry_after="9"), ProviderThrottled, id="429"),
        pytest.param(Answer.html(500), ProviderUnavailable, id="500"),
        pytest.param(Answer.html(503), ProviderUnavailable, id="503"),
        pytest.param(
            Answer(
                takes_effect=False,
                status=503,
                more_headers=(("Content-Encoding", "br"),),
            ),
            ProviderUnavailable,
            id="503 in brotli",
        ),
        pytest.param(
            Answer(
                takes_effect=False,
                status=404,
                more_headers=(("Content-Encoding", "zstd"),),
            ),
            LinkSpent,
            id="404 in zstd",
        ),
    ],
)
def test_raises_the_error_of_what_is_not_a_file(
    ipqs: IpqsHarness, answer: Answer, error: type[CourierError]
) -> None:
    """Only 200 with a file is a file; 403 does not mean throttling on this host."""
    link = ipqs.make_link(_CSV, answer)

    with ipqs.expect_error(error):
        ipqs.download(link)


@pytest.mark.fault(51)
@pytest.mark.parametrize("is_compressed", [False, True])
def test_refuses_what_is_no_table_after_its_beginning(
    ipqs: IpqsHarness, is_compressed: bool
) -> None:
    """This text has no end; it is unpacked as far as the proof needs it."""
    text = Content.endless(b"no table, not at all.\n" * 1000)
    answer = (
        Answer(content=text.gzipped(), more_headers=(("Content-Encoding", "gzip"),))
        if is_compressed
        else Answer(content=text)
    )
    link = ipqs.make_link(_CSV, answer.via(framing=Framing.CHUNKED))

    with ipqs.expect_error(ResultNotATable):
        ipqs.download(link)


@pytest.mark.fault(51)
@pytest.mark.parametrize("answer", [Answer(), Answer.gzipped()], ids=["plain", "gzip"])
def test_refuses_an_empty_result(ipqs: IpqsHarness, answer: Answer) -> None:
    """Even a result without rows has a header."""
    link = ipqs.make_link(b"", answer)

    with ipqs.expect_error(TransferIncomplete):
        ipqs.download(link)


# Too much


@pytest.mark.fault(52)
def test_refuses_an_announced_length_above_the_limit(ipqs: IpqsHarness) -> None:
    """Nothing of a 50 GB result needs to be read to refuse it."""
    link = ipqs.make_link(Content.rows(5_000_000))
    adapter = ipqs.provider_with(max_result_bytes=4_999_999)

    with ipqs.expect_error(ResultTooLarge):
        adapter.open(link, type_="email", seconds=20)


@pytest.mark.fault(52)
@pytest.mark.parametrize("answer", [Answer(), Answer.gzipped()], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("more", "seconds", "error"),
    [
        pytest.param(10**9, 5, TransferTooSlow, id="the next function has time"),
        pytest.param(10**13, 5, TransferImpossible, id="none has"),
        pytest.param(10**13, 880, TransferImpossible, id="none has, of all its time"),
    ],
)
def test_begins_no_transfer_that_cannot_end_in_time(
    ipqs: IpqsHarness,
    answer: Answer,
    more: int,
    seconds: float,
    error: type[CourierError],
) -> None:
    """It would be paid for with a quarter of an hour, and again at each retry."""
    link = ipqs.make_link(_CSV, answer.via(length_lie=more))
    adapter = ipqs.provider_with(max_result_bytes=10**15)

    with ipqs.expect_error(error):
        adapter.open(link, type_="email", seconds=seconds)


@pytest.mark.fault(52)
def test_begins_a_transfer_that_can_end_in_time(ipqs: IpqsHarness) -> None:
    """What is large and arrives all the same must not be refused."""
    link = ipqs.make_link(_CSV, Answer().via(length_lie=10**9))
    adapter = ipqs.provider_with(max_result_bytes=10**15)

    with ipqs.expect_error(TransferIncomplete):
        read_body(adapter.open(link, type_="email", seconds=20))


def test_accepts_a_result_of_exactly_the_limit(ipqs: IpqsHarness) -> None:
    """The limit is the largest size that is allowed."""
    link = ipqs.make_link(_CSV, Answer().via(framing=Framing.CHUNKED))
    adapter = ipqs.provider_with(max_result_bytes=len(_CSV))

    assert read_body(adapter.open(link, type_="email", seconds=20))[0] == _CSV


def _endless_gzip_of_nothing() -> Content:
    start = zlib.compressobj(wbits=31).flush(zlib.Z_SYNC_FLUSH)
    empty_blocks = b"\x00\x00\x00\xff\xff" * 10_000
    return Content(lambda: chain([start], repeat(empty_blocks)), None)


@pytest.mark.fault(50)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer.bomb(50_000_000), id="gzip bomb"),
        pytest.param(
            Answer.file(Content.endless()).via(framing=Framing.CHUNKED),
            id="endless body",
        ),
        pytest.param(
            Answer(
                content=Content.endless().gzipped(),
                more_headers=(("Content-Encoding", "gzip"),),
            ).via(framing=Framing.CHUNKED),
            id="endless gzip",
        ),
        pytest.param(
            Answer(
                content=_endless_gzip_of_nothing(),
                more_headers=(("Content-Encoding", "gzip"),),
            ).via(framing=Framing.CHUNKED),
            id="endless gzip that unpacks to nothing",
        ),
    ],
)
def test_stops_reading_a_body_without_end(ipqs: IpqsHarness, answer: Answer) -> None:
    """Compressed and decompressed bytes are limited, and memory stays constant."""
    link = ipqs.make_link(_CSV, answer)
    adapter = ipqs.provider_with(max_result_bytes=2_000_000)

    with memory_limit(8_000_000), ipqs.expect_error(ResultTooLarge):
        body = adapter.open(link, type_="email", seconds=20)
        try:
            while body.readinto(memoryview(bytearray(64 * 1024))):
                pass
        finally:
            body.close()


@pytest.mark.fault(50)
def test_refuses_a_decompression_bomb(ipqs: IpqsHarness) -> None:
    """No CSV compresses that well, so it is refused long before the size limit."""
    link = ipqs.make_link(_CSV, Answer.bomb(50_000_000).via(framing=Framing.CHUNKED))

    with ipqs.expect_error(ResultTooLarge) as caught:
        ipqs.download(link)

    assert "unpacks" in str(caught.value)


@pytest.mark.fault(50)
@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
@pytest.mark.parametrize(
    ("content", "headers"),
    [
        pytest.param(Content.endless(), (), id="endless"),
        pytest.param(
            Content.bomb(50_000_000), (("Content-Encoding", "gzip"),), id="bomb"
        ),
    ],
)
def test_does_not_read_the_body_of_a_refusal(
    ipqs: IpqsHarness,
    status: int,
    content: Content,
    headers: tuple[tuple[str, str], ...],
) -> None:
    """requests would decompress the whole body of a redirect into memory."""
    more = (*headers, ("Location", "http://127.0.0.1:9/"))
    answer = Answer(
        takes_effect=False, status=status, content=content, more_headers=more
    )
    link = ipqs.make_link(_CSV, answer.via(framing=Framing.CHUNKED))

    with memory_limit(8_000_000), pytest.raises((LinkSpent, ProviderUnavailable)):
        ipqs.open(link, seconds=3)


# One link, one try


@pytest.mark.fault(42)
def test_opens_a_link_exactly_once(ipqs: IpqsHarness) -> None:
    """A HEAD or a second GET would use up the link before the file is here."""
    link = ipqs.make_link(_CSV, Answer.cut_after(100))

    with ipqs.expect_error(TransferIncomplete):
        ipqs.download(link)

    downloads = [
        request for request in ipqs.simulator.requests if request.host == "downloads"
    ]
    assert [request.method for request in downloads] == ["GET"]


def test_sends_no_key_with_a_link(ipqs: IpqsHarness) -> None:
    """The download host needs none, and may belong to somebody else."""
    ipqs.download(ipqs.make_link(_CSV))

    (downloads,) = [
        request for request in ipqs.simulator.requests if request.host == "downloads"
    ]
    assert downloads.key_in == frozenset()
    assert set(downloads.headers) == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
    }
    assert downloads.headers["accept-encoding"] == "identity"


@pytest.mark.fault(54)
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "{other_host}/file.csv",
        "//127.0.0.1:{port}/file.csv",
        "{other_host}",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::1",
        "",
        "/download?download=another",
        "http://\x80\xff/",
    ],
)
def test_follows_no_redirect_of_a_link(
    ipqs: IpqsHarness, status: int, location: str
) -> None:
    """The allow-list holds for every host, not only for the first."""
    with LoopbackListener.listening() as other_host:
        target = location.format(other_host=other_host.url, port=other_host.port)
        link = ipqs.make_link(_CSV, Answer.redirect(target, status))

        with ipqs.expect_error(LinkSpent):
            ipqs.open(link)

        assert other_host.accept() is None
    assert ipqs.request_count("download") == 1


@pytest.mark.fault(58)
def test_reports_an_unreachable_download_host(ipqs: IpqsHarness) -> None:
    """The link may still be unused, but a retry gets a fresh one anyway."""
    with LoopbackListener.listening() as closed_host:
        host = f"127.0.0.1:{closed_host.port}"
    adapter = ipqs.provider_with(download_hosts=(host,))

    token = "canary-token-" * 9
    ipqs.secrets.add(token)

    with ipqs.expect_error(ProviderUnavailable):
        adapter.open(
            Link(f"http://{host}/d?download={token}", 0.0), type_="email", seconds=5
        )
