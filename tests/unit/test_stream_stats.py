"""Tally: what is measured on the way is what arrived, however it came."""

import hashlib
import zlib
from base64 import b64decode
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import LinkSpent, TransferIncomplete
from functions.core.file_formats import JSON, JSON_LINES
from functions.core.stream_stats import StreamStats, crc32_base64


def of(*pieces: bytes | memoryview) -> StreamStats:
    """Make a tally of pieces."""
    tally = StreamStats()
    for piece in pieces:
        tally.update(piece)
    return tally


@given(pieces=st.lists(st.binary(max_size=700) | st.just(b"a,b\n1,2\n")))
def test_pieces_do_not_matter(pieces: list[bytes]) -> None:
    """Where the network cuts a stream is chance; what is written down may not be."""
    whole = b"".join(pieces)

    tally, once = of(*pieces), of(whole)

    assert tally.bytes == len(whole)
    assert tally.sha256 == hashlib.sha256(whole).hexdigest()
    assert tally.crc32 == zlib.crc32(whole)
    assert tally.rows == once.rows
    assert tally.crc32_base64 == once.crc32_base64


def test_a_reused_buffer_may_change_afterwards() -> None:
    """The ring's buffers are filled again while the tally lives."""
    buffer = bytearray(b"<html>")
    tally = of(memoryview(buffer))

    buffer[:] = b"a,b\n1\n"

    assert tally.sha256 == hashlib.sha256(b"<html>").hexdigest()
    with pytest.raises(LinkSpent):
        tally.check_plausible()


@given(lines=st.lists(st.text("abc,=+-@\r\t", min_size=1), min_size=1))
@pytest.mark.fault(65)
def test_rows_are_lines_after_the_header(lines: list[str]) -> None:
    """A last line counts with and without its line break."""
    content = "\n".join(lines).encode()

    assert of(content).rows == of(content + b"\n").rows == len(lines) - 1


def test_nothing_has_no_rows() -> None:
    """A count below nought would spoil the reconciliation."""
    assert of().rows == of(b"").rows == of(b"\n").rows == 0


@given(crc=st.integers(0, 2**32 - 1))
def test_a_checksum_is_written_as_s3_writes_it(crc: int) -> None:
    """Big-endian, four bytes, base64: S3 refuses the object otherwise."""
    assert b64decode(crc32_base64(crc)) == crc.to_bytes(4, "big")


@pytest.mark.fault(51)
def test_an_empty_result_is_not_plausible() -> None:
    """Even an empty category has a header."""
    with pytest.raises(TransferIncomplete):
        of().check_plausible()


@pytest.mark.fault(60)
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<!DOCTYPE html><p>expired", id="page"),
        pytest.param(b"\xef\xbb\xbf<html>", id="page with a BOM"),
        pytest.param(b" \r\n\t<html>", id="page after white space"),
        pytest.param(b'{"success":false}', id="JSON"),
        pytest.param(b"PK\x03\x04\x00\x00", id="archive"),
    ],
)
def test_a_page_is_a_spent_link(content: bytes) -> None:
    """Servers answer 200 with a page for a link that is gone."""
    with pytest.raises(LinkSpent):
        of(*(content[i : i + 1] for i in range(len(content)))).check_plausible()


@pytest.mark.parametrize(
    ("content", "plausible"),
    [
        (b'{"status":"COMPLETED"}\n', True),
        (b" \n{}", True),
        (b"[]", False),
        (b"null", False),
        (b"<html>", False),
        (b"Email,Valid\n", False),
    ],
)
def test_json_is_an_object(content: bytes, plausible: bool) -> None:
    """What one provider's page is, another one's result is."""
    tally = StreamStats(JSON)
    tally.update(content)
    with nullcontext() if plausible else pytest.raises(LinkSpent):
        tally.check_plausible()


def test_json_has_no_headings() -> None:
    """The first line of JSON lines is a row as well."""
    tally = StreamStats(JSON_LINES)
    tally.update(b'{"row":1}\n{"row":2}\n')
    assert tally.rows == 2


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"Email Address,Valid\r\na@example.com,1\r\n", id="result"),
        pytest.param(b"Email Address,Valid", id="header only"),
        pytest.param(b"\xef\xbb\xbfEmail\n", id="BOM"),
        pytest.param(b"URL\n<a>\n{b}\n", id="signs in later lines"),
        pytest.param(b"a" * 600 + b"\x00", id="NUL beyond the start"),
    ],
)
def test_a_result_is_plausible(content: bytes) -> None:
    """A result that is paid for is not thrown away for its looks."""
    of(content).check_plausible()
