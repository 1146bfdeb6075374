"""Stream statistics: they describe the whole stream, however it is cut into chunks."""

import hashlib
import zlib
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.file_formats import JSON_LINES
from functions.core.stream_stats import StreamStats, combined_crc32, crc32_base64


def stats_of(*chunks: bytes | memoryview) -> StreamStats:
    """Return the statistics of a stream of chunks."""
    stats = StreamStats()
    for chunk in chunks:
        stats.update(chunk)
    return stats


@given(chunks=st.lists(st.binary(max_size=700) | st.just(b"a,b\n1,2\n")))
def test_the_chunks_do_not_matter(chunks: list[bytes]) -> None:
    """The network cuts a stream at random, and a retry cuts it elsewhere."""
    whole = b"".join(chunks)

    stats, expected = stats_of(*chunks), stats_of(whole)

    assert stats.bytes == len(whole)
    assert stats.sha256 == hashlib.sha256(whole).hexdigest()
    assert stats.crc32 == zlib.crc32(whole)
    assert stats.rows == expected.rows
    assert stats.crc32_base64 == expected.crc32_base64


@given(parts=st.lists(st.binary(max_size=700)), size=st.integers(0, 2**40))
def test_the_checksums_of_parts_make_that_of_the_whole(
    parts: list[bytes], size: int
) -> None:
    """S3 compares both, and the bytes are read once."""
    stats = StreamStats()
    for part in parts:
        stats.update(part)
        assert stats.end_part() == zlib.crc32(part)

    assert stats.crc32 == zlib.crc32(b"".join(parts))
    assert combined_crc32(zlib.crc32(b"a"), zlib.crc32(b""), 0) == zlib.crc32(b"a")
    # What follows an empty string decides alone, however long it is.
    assert combined_crc32(0, size & 0xFFFFFFFF, size) == size & 0xFFFFFFFF


def test_parts_of_several_mebibytes_are_combined() -> None:
    """Squares beyond the sizes of short texts are used, too."""
    first, second = b"a,b\n" * 1000, bytes(range(256)) * (17 * 4096 + 1)

    combined = combined_crc32(zlib.crc32(first), zlib.crc32(second), len(second))

    assert combined == zlib.crc32(first + second)


def test_a_reused_buffer_may_change_afterwards() -> None:
    """The transfer fills its buffers again while the statistics are in use."""
    buffer = bytearray(b"<html>")
    stats = stats_of(memoryview(buffer))

    buffer[:] = b"a,b\n1\n"

    assert stats.sha256 == hashlib.sha256(b"<html>").hexdigest()


@given(lines=st.lists(st.text("abc,=+-@\r\t", min_size=1), min_size=1))
@pytest.mark.fault(65)
def test_rows_are_the_lines_after_the_header(lines: list[str]) -> None:
    """A last line counts with and without its line break."""
    content = "\n".join(lines).encode()

    assert stats_of(content).rows == stats_of(content + b"\n").rows == len(lines) - 1


def test_an_empty_stream_has_no_rows() -> None:
    """A negative count would falsify the comparison with the rows that were sent."""
    assert stats_of().rows == stats_of(b"").rows == stats_of(b"\n").rows == 0


@given(crc=st.integers(0, 2**32 - 1))
def test_a_checksum_is_written_as_s3_writes_it(crc: int) -> None:
    """S3 refuses the object if the checksum is encoded in another way."""
    assert b64decode(crc32_base64(crc)) == crc.to_bytes(4, "big")


def test_json_has_no_header() -> None:
    """The first line of JSON Lines is a row as well."""
    stats = StreamStats(JSON_LINES)
    stats.update(b'{"row":1}\n{"row":2}\n')
    assert stats.rows == 2
