"""How a file is served: nothing of it is documented."""

import gzip
import zlib

import pytest

from local.simulators.ipqs import (
    Compression,
    Content,
    Framing,
    IpqsSimulator,
    Spent,
)
from tests.simulators.api_client import IpqsClient

FILE = b"Email Address,Valid\n" + b"user@example.com,true\n" * 1000


@pytest.fixture
def link(client: IpqsClient, ipqs: IpqsSimulator) -> str:
    """A link to FILE."""
    return client.link(ipqs.add_finished(results={"all": FILE}))


def test_is_plain_by_default(client: IpqsClient, link: str) -> None:
    """A CSV with its length, as most servers do it."""
    response = client.get(link)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/csv"
    assert response.headers["Content-Length"] == str(len(FILE))
    assert "Content-Encoding" not in response.headers
    assert response.content == FILE


@pytest.mark.parametrize(
    ("framing", "present", "absent"),
    [
        (Framing.LENGTH, "Content-Length", "Transfer-Encoding"),
        (Framing.CHUNKED, "Transfer-Encoding", "Content-Length"),
        (Framing.CLOSE, "Connection", "Content-Length"),
    ],
)
def test_ends_by_the_switch(
    client: IpqsClient,
    ipqs: IpqsSimulator,
    link: str,
    framing: Framing,
    present: str,
    absent: str,
) -> None:
    """With a length, in chunks, or by closing."""
    ipqs.behave(file_framing=framing)

    response = client.get(link)

    assert response.content == FILE
    assert present in response.headers
    assert absent not in response.headers


@pytest.mark.parametrize(
    ("compression", "asked", "compressed"),
    [
        (Compression.NEVER, "gzip", False),
        (Compression.WHEN_ACCEPTED, "gzip", True),
        (Compression.WHEN_ACCEPTED, "identity", False),
        (Compression.ALWAYS, "identity", True),
    ],
)
@pytest.mark.parametrize("framing", Framing)
def test_is_compressed_by_the_switch(
    client: IpqsClient,
    ipqs: IpqsSimulator,
    link: str,
    framing: Framing,
    compression: Compression,
    asked: str,
    *,
    compressed: bool,
) -> None:
    """Even when nobody asked for it."""
    ipqs.behave(file_compression=compression, file_framing=framing)

    response = client.get(link, headers={"Accept-Encoding": asked}, stream=True)
    raw = response.raw.read(decode_content=False)

    assert response.headers.get("Content-Encoding") == ("gzip" if compressed else None)
    assert (gzip.decompress(raw) if compressed else raw) == FILE


@pytest.mark.parametrize(
    ("wanted", "status", "content"),
    [
        ("bytes=0-9", 206, FILE[:10]),
        ("bytes=100-", 206, FILE[100:]),
        ("bytes=21000-99999", 206, FILE[21_000:]),
        ("bytes=99999-", 416, b""),
        ("lines=1-2", 200, FILE),
    ],
)
def test_answers_ranges_by_the_switch(
    client: IpqsClient,
    ipqs: IpqsSimulator,
    link: str,
    wanted: str,
    status: int,
    content: bytes,
) -> None:
    """Off, the whole file comes; on, the part."""
    ipqs.behave(file_ranges=True)

    response = client.get(link, headers={"Range": wanted})

    assert response.status_code == status
    assert response.content == content
    assert ("Content-Range" in response.headers) is (status != 200)


def test_ignores_ranges_otherwise(client: IpqsClient, link: str) -> None:
    """A Range that is ignored brings everything."""
    assert client.get(link, headers={"Range": "bytes=0-9"}).content == FILE


def test_redirects_by_the_switch(
    client: IpqsClient, ipqs: IpqsSimulator, link: str
) -> None:
    """A link may lead somewhere else, and is spent by that."""
    ipqs.behave(file_redirect="http://192.0.2.1/file", spent_link=Spent.GONE)

    response = client.get(link)

    assert response.status_code == 302
    assert response.headers["Location"] == "http://192.0.2.1/file"
    assert client.get(link).status_code == 410


def test_has_the_content_type_of_the_switch(
    client: IpqsClient, ipqs: IpqsSimulator, link: str
) -> None:
    """It may be anything."""
    ipqs.behave(file_content_type="application/octet-stream")

    assert client.get(link).headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("size", [20, 21, 64, 300_000, 3_000_000])
def test_is_made_on_the_fly(client: IpqsClient, ipqs: IpqsSimulator, size: int) -> None:
    """Large files are made, not held; they are whole lines of exactly that size."""
    link = client.link(ipqs.add_finished(results={"all": size}))

    content = client.get(link).content

    assert len(content) == size
    assert content.startswith(b"Email Address,Valid\n")
    assert content.endswith(b"\n")


def test_can_be_any_content(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """A generator serves as well; kinds that are not given have no link."""
    content = Content(lambda: iter([b"a\n", b"b\n"]), None)
    csv_id = ipqs.add_finished(type="phone", results={"bad": content})

    links = client.status(csv_id)["downloads"]

    assert [kind for kind, link in links.items() if link] == ["bad"]
    assert client.get(links["bad"]).content == b"a\nb\n"
    with pytest.raises(ValueError, match="no such kinds"):
        ipqs.add_finished(results={"good": b""})


def test_content_can_be_produced_and_compressed() -> None:
    """What the faults are built from must itself be right."""
    content = Content.rows(1000)
    whole = content.read()

    assert len(whole) == content.size == content.measured() == 1000
    assert gzip.decompress(content.gzipped().read()) == whole
    assert content.gzipped().measured() == len(content.gzipped().read())
    assert len(zlib.decompress(Content.bomb(1_000_000).read(), wbits=31)) == 1_000_000
    with pytest.raises(ValueError, match="needs a larger size"):
        Content.rows(5)
