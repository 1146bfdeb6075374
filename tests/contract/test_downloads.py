"""Downloads: a result is whole and proven so, or it is refused."""

import tracemalloc
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
    ResultTooLarge,
    TransferIncomplete,
)
from functions.providers.protocol import Link
from local.simulators.ipqs import Answer, Content, Ending, Framing
from tests.contract.examples import few_examples
from tests.contract.harness import read_body
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.loopback_hosts import LoopbackListener, raw_response_server

_CSV = b"Email Address,Valid\n" + b"a@example.com,true\n" * 400


def _saying(ipqs: IpqsHarness, answer: bytes, **settings: int) -> bytes:
    with raw_response_server(answer) as host:
        adapter = ipqs.provider_with(download_hosts=(host,), **settings)
        body = adapter.open(Link(f"http://{host}/d?token=x", 0.0), seconds=20)
        return read_body(body)[0]


@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
@pytest.mark.parametrize("size", [20, 64 * 1024, 64 * 1024 + 1, 3_000_000])
def test_brings_every_byte(ipqs: IpqsHarness, framing: Framing, size: int) -> None:
    """This is what it is for; sizes lie at and beside the edges of buffers."""
    ipqs.simulator.behave(file_framing=framing)
    content = Content.rows(size)

    data, tally = read_body(ipqs.open(ipqs.make_link(content)))

    assert data == content.read()
    assert tally.crc32 == zlib.crc32(data)


@few_examples
@given(data=st.binary(min_size=1, max_size=2000).map(lambda rest: b"h" * 512 + rest))
def test_changes_no_byte(ipqs: IpqsHarness, data: bytes) -> None:
    """Cells that look like formulas, or like nothing at all, arrive as they are."""
    assert read_body(ipqs.open(ipqs.make_link(data)))[0] == data


def test_announces_what_a_length_promises(ipqs: IpqsHarness) -> None:
    """The caller can plan by it, and refuse early."""
    body = ipqs.open(ipqs.make_link(_CSV))

    assert body.announced_bytes == len(_CSV)
    assert read_body(body)[0] == _CSV


@pytest.mark.parametrize(
    "answer", [Answer().via(framing=Framing.CHUNKED), Answer.gzipped()]
)
def test_announces_nothing_that_it_does_not_know(
    ipqs: IpqsHarness, answer: Answer
) -> None:
    """The length of what is packed is not the length of the result."""
    body = ipqs.open(ipqs.make_link(_CSV, answer))

    assert body.announced_bytes is None
    assert read_body(body)[0] == _CSV


@pytest.mark.fault(45)
def test_takes_no_close_for_an_end(ipqs: IpqsHarness) -> None:
    """A connection that closes early looks the same as one that has said it all."""
    link = ipqs.make_link(_CSV, Answer().via(framing=Framing.CLOSE))

    with ipqs.expect_error(TransferIncomplete):
        ipqs.open(link)


@pytest.mark.fault(49)
@pytest.mark.parametrize("framing", Framing)
def test_unpacks_what_came_packed(ipqs: IpqsHarness, framing: Framing) -> None:
    """Nobody asks for gzip; where it comes, its trailer proves the end."""
    link = ipqs.make_link(_CSV, Answer.gzipped().via(framing=framing))

    assert read_body(ipqs.open(link))[0] == _CSV


@pytest.mark.fault(48)
@few_examples
@given(cut=st.integers(min_value=1, max_value=80), framing=st.sampled_from(Framing))
def test_notices_a_packed_result_that_is_cut(
    ipqs: IpqsHarness, cut: int, framing: Framing
) -> None:
    """The HTTP body is complete here, and requests would say nothing."""
    link = ipqs.make_link(_CSV, Answer.gzipped(cut=cut).via(framing=framing))

    with ipqs.expect_error(TransferIncomplete):
        read_body(ipqs.open(link))


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
def test_refuses_what_is_packed_amiss(
    ipqs: IpqsHarness, answer: Answer, error: type[CourierError]
) -> None:
    """A result that cannot be unpacked to its proven end is none."""
    link = ipqs.make_link(_CSV, answer)

    with ipqs.expect_error(error):
        read_body(ipqs.open(link))


@pytest.mark.fault(42)
@few_examples
@given(
    size=st.integers(min_value=0, max_value=len(_CSV) - 1),
    framing=st.sampled_from([Framing.LENGTH, Framing.CHUNKED]),
    ending=st.sampled_from([Ending.CLOSE, Ending.RESET, Ending.HALF_CLOSE]),
)
def test_notices_a_cut_after_any_byte(
    ipqs: IpqsHarness, size: int, framing: Framing, ending: Ending
) -> None:
    """Half a result that looks whole is the worst that can be delivered."""
    answer = Answer.cut_after(size, ending).via(framing=framing)
    link = ipqs.make_link(_CSV, answer)

    with pytest.raises((TransferIncomplete, ProviderUnavailable)):
        read_body(ipqs.open(link))


@pytest.mark.fault(46)
def test_notices_a_cut_at_any_place_of_the_framing(ipqs: IpqsHarness) -> None:
    """A number of a chunk that is cut to its zeros looks like the last chunk."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"0013\r\nEmail Address,Valid\r\n00A0;x=y\r\n" + b"a" * 160 + b"\r\n"
    whole = head + body + b"000\r\n\r\n"
    last = len(head + body)

    taken = []
    for end in range(len(head), last + len(b"000\r\n")):
        with pytest.raises((TransferIncomplete, ProviderUnavailable)):
            taken.append((end, _saying(ipqs, whole[:end])))

    assert taken == []
    assert len(_saying(ipqs, whole)) == 19 + 160


@pytest.mark.fault(46)
@pytest.mark.parametrize("size", [b"xyz", b"", b"-5", b"5 5", b"0x5"])
def test_refuses_chunks_without_a_good_size(ipqs: IpqsHarness, size: bytes) -> None:
    """A size that two readers understand differently hides what follows."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    with ipqs.expect_error(TransferIncomplete):
        _saying(ipqs, head + size + b"\r\nEmail\r\n0\r\n\r\n")


@pytest.mark.fault(45)
@pytest.mark.parametrize("missing", [1, 1000, 10**15])
def test_notices_a_length_that_is_not_kept(ipqs: IpqsHarness, missing: int) -> None:
    """A byte less is less."""
    link = ipqs.make_link(_CSV, Answer.longer_than_it_is(missing))

    with pytest.raises((TransferIncomplete, ResultTooLarge)):
        read_body(ipqs.open(link))


@pytest.mark.fault(45)
@pytest.mark.parametrize("length", [b"x", b"-1", b"7, 8", b"1e3", b""])
def test_takes_no_length_that_is_none(ipqs: IpqsHarness, length: bytes) -> None:
    """What is not a length proves nothing."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n"

    with pytest.raises((TransferIncomplete, ProviderUnavailable)):
        _saying(ipqs, head + b"Email Address\na@example.com\n")


@pytest.mark.fault(59)
@pytest.mark.parametrize("ending", [Ending.RESET, Ending.HALF_CLOSE, Ending.CLOSE])
def test_notices_an_end_after_99_percent(ipqs: IpqsHarness, ending: Ending) -> None:
    """The last hundredth has rows as well."""
    link = ipqs.make_link(1_000_000, Answer.cut_after(990_000, ending))

    with ipqs.expect_error(TransferIncomplete):
        read_body(ipqs.open(link))


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
            LinkSpent,
            id="a page called CSV",
        ),
        pytest.param(
            Answer.refusal("This link has expired."), LinkSpent, id="JSON with 200"
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
def test_calls_what_is_no_file_by_its_reason(
    ipqs: IpqsHarness, answer: Answer, error: type[CourierError]
) -> None:
    """Only 200 with a file is a file; 403 means something else here than at the API."""
    link = ipqs.make_link(_CSV, answer)

    with ipqs.expect_error(error):
        read_body(ipqs.open(link))


@pytest.mark.fault(51)
@pytest.mark.parametrize("answer", [Answer(), Answer.gzipped()], ids=["plain", "gzip"])
def test_refuses_a_result_of_no_bytes(ipqs: IpqsHarness, answer: Answer) -> None:
    """A result without rows has a header, at the least."""
    link = ipqs.make_link(b"", answer)

    with ipqs.expect_error(TransferIncomplete):
        read_body(ipqs.open(link))


# Too much


@pytest.mark.fault(52)
def test_refuses_more_than_is_allowed_before_it_comes(ipqs: IpqsHarness) -> None:
    """A result of 50 GB cannot be carried; its length says so beforehand."""
    link = ipqs.make_link(Content.rows(5_000_000))
    adapter = ipqs.provider_with(max_result_bytes=4_999_999)

    with ipqs.expect_error(ResultTooLarge):
        adapter.open(link, seconds=20)


def test_takes_exactly_as_much_as_is_allowed(ipqs: IpqsHarness) -> None:
    """A limit is the largest size that is still good."""
    link = ipqs.make_link(_CSV, Answer().via(framing=Framing.CHUNKED))
    adapter = ipqs.provider_with(max_result_bytes=len(_CSV))

    assert read_body(adapter.open(link, seconds=20))[0] == _CSV


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
def test_ends_what_has_no_end(ipqs: IpqsHarness, answer: Answer) -> None:
    """Caps hold on both sides of the unpacking, and memory stays what it was."""
    link = ipqs.make_link(_CSV, answer)
    adapter = ipqs.provider_with(max_result_bytes=2_000_000)

    tracemalloc.start()
    try:
        with ipqs.expect_error(ResultTooLarge):
            body = adapter.open(link, seconds=20)
            try:
                while body.readinto(memoryview(bytearray(64 * 1024))):
                    pass
            finally:
                body.close()
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8_000_000


@pytest.mark.fault(50)
def test_refuses_what_was_made_to_burst(ipqs: IpqsHarness) -> None:
    """No CSV packs that well: it is refused long before the largest result."""
    link = ipqs.make_link(_CSV, Answer.bomb(50_000_000).via(framing=Framing.CHUNKED))

    with ipqs.expect_error(ResultTooLarge) as caught:
        read_body(ipqs.open(link))

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
def test_does_not_read_what_it_refuses(
    ipqs: IpqsHarness,
    status: int,
    content: Content,
    headers: tuple[tuple[str, str], ...],
) -> None:
    """requests would read the body of a redirect whole, unpacked, into memory."""
    more = (*headers, ("Location", "http://127.0.0.1:9/"))
    answer = Answer(
        takes_effect=False, status=status, content=content, more_headers=more
    )
    link = ipqs.make_link(_CSV, answer.via(framing=Framing.CHUNKED))

    tracemalloc.start()
    try:
        with pytest.raises((LinkSpent, ProviderUnavailable)):
            ipqs.open(link, seconds=3)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8_000_000


# One link, one try


@pytest.mark.fault(42)
def test_opens_a_link_exactly_once(ipqs: IpqsHarness) -> None:
    """A HEAD or a second GET would spend the link before the file is here."""
    link = ipqs.make_link(_CSV, Answer.cut_after(100))

    with ipqs.expect_error(TransferIncomplete):
        read_body(ipqs.open(link))

    opened = [seen for seen in ipqs.simulator.requests if seen.host == "downloads"]
    assert [seen.method for seen in opened] == ["GET"]


def test_sends_no_key_with_a_link(ipqs: IpqsHarness) -> None:
    """The download host needs none, and may belong to somebody else."""
    read_body(ipqs.open(ipqs.make_link(_CSV)))

    (opened,) = [seen for seen in ipqs.simulator.requests if seen.host == "downloads"]
    assert opened.key_in == frozenset()
    assert set(opened.headers) == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
    }
    assert opened.headers["accept-encoding"] == "identity"


@pytest.mark.fault(54)
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "{elsewhere}/file.csv",
        "//127.0.0.1:{port}/file.csv",
        "{elsewhere}",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::1",
        "",
        "/download?download=another",
        "http://\x80\xff/",
    ],
)
def test_sends_nothing_where_a_link_redirects_to(
    ipqs: IpqsHarness, status: int, location: str
) -> None:
    """Not one byte: the allow-list holds for every host, not only for the first."""
    with LoopbackListener.listening() as elsewhere:
        target = location.format(elsewhere=elsewhere.url, port=elsewhere.port)
        link = ipqs.make_link(_CSV, Answer.redirect(target, status))

        with ipqs.expect_error(LinkSpent):
            ipqs.open(link)

        assert not elsewhere.connected
    assert ipqs.request_count("download") == 1


@pytest.mark.fault(58)
def test_says_that_the_download_host_cannot_be_reached(ipqs: IpqsHarness) -> None:
    """The link is not spent then, but a fresh one is the simpler way on."""
    with LoopbackListener.listening() as gone:
        host = f"127.0.0.1:{gone.port}"
    adapter = ipqs.provider_with(download_hosts=(host,))

    token = "canary-token-" * 9
    ipqs.secrets.add(token)

    with ipqs.expect_error(ProviderUnavailable):
        adapter.open(Link(f"http://{host}/d?download={token}", 0.0), seconds=5)
