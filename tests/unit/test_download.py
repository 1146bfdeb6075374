"""Download: a body is read in small pieces, within its limits, to a proven end."""

import gzip
import os
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from functions.core.errors import (
    CourierError,
    ResultTooLarge,
    TransferImpossible,
    TransferIncomplete,
    TransferTooSlow,
)
from functions.core.function_table import FUNCTIONS
from functions.providers.transport.connection import MIN_WINDOW_BYTES
from functions.providers.transport.download import Download

BYTES_PER_SECOND = 125_000_000
DATA = b"a,b\n1,2\n"
CHUNKED = {"Transfer-Encoding": "chunked"}


class Raw:
    """The response of urllib3: it gives its bytes in pieces of any size."""

    status = 200
    version = 11

    def __init__(self, data: bytes, headers: Mapping[str, str], piece: int) -> None:
        self.headers = CaseInsensitiveDict(headers)
        self.sizes: list[int] = []
        self.failure: Exception | None = None
        self._data = data
        self._piece = piece

    def read(self, size: int, *, decode_content: bool) -> bytes:
        """Return the next bytes, at most `size`."""
        assert decode_content is False
        self.sizes.append(size)
        if self.failure:
            raise self.failure
        count = min(size, self._piece)
        data, self._data = self._data[:count], self._data[count:]
        return data


class Watchdog:
    """A watchdog that looks at nothing; `expired` says that it has bitten."""

    def __init__(self) -> None:
        self.expired = False
        self.count = 0
        self.requires_rate = False
        self.closed = 0

    def require_minimum_rate(self) -> None:
        """Note that a rate is required."""
        self.requires_rate = True

    def bytes_received(self, count: int) -> None:
        """Count bytes."""
        self.count += count

    def close(self) -> None:
        """Note that it is closed."""
        self.closed += 1


class Transfer:
    """One response, to be downloaded; its headers announce its length by default."""

    def __init__(
        self,
        data: bytes = DATA,
        headers: Mapping[str, str] | None = None,
        *,
        piece: int = 100_000,
    ) -> None:
        own = {"Content-Length": str(len(data))}
        self.headers = CaseInsensitiveDict(own if headers is None else headers)
        self.raw = Raw(data, self.headers, piece)
        self.watchdog = Watchdog()
        self.closed = 0

    def close(self) -> None:
        """Note that the response is closed."""
        self.closed += 1

    def open(self, *, seconds: float = 900.0, max_bytes: int = 10**12) -> Download:
        """Begin the download."""
        watchdog: Any = self.watchdog
        return Download(self, watchdog=watchdog, seconds=seconds, max_bytes=max_bytes)


def read(download: Download, *, buffer: int = 65_536) -> bytes:
    """Read a download to its end."""
    data = b""
    with memoryview(bytearray(buffer)) as view:
        while count := download.readinto(view):
            data += view[:count]
    return data


def announcing(length: int, **more: str) -> Transfer:
    """Return a transfer that announces a length."""
    return Transfer(b"", {"Content-Length": str(length), **more})


@pytest.mark.parametrize("headers", [None, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
def test_a_plain_body_is_read_to_its_proven_end(
    headers: dict[str, str] | None, encoding: str | None
) -> None:
    """It announces its length, where it has one; slowness counts from now on."""
    transfer = Transfer(DATA, headers)
    if encoding is not None:
        transfer.headers["Content-Encoding"] = encoding

    download = transfer.open()

    assert download.announced_bytes == (len(DATA) if headers is None else None)
    assert transfer.watchdog.requires_rate
    assert read(download) == DATA
    assert transfer.watchdog.count == len(DATA)


@pytest.mark.parametrize("headers", [None, CHUNKED, {}])
@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZIP "])
def test_a_gzip_stream_proves_its_end_itself(
    headers: dict[str, str] | None, encoding: str
) -> None:
    """Its trailer does; the length of the result is not that of the stream."""
    transfer = Transfer(gzip.compress(DATA), headers)
    transfer.headers["Content-Encoding"] = encoding

    download = transfer.open()

    assert download.announced_bytes is None
    assert read(download) == DATA


@pytest.mark.parametrize(
    ("headers", "fact"),
    [
        ({"Content-Encoding": "br"}, "the result is compressed, but not by gzip"),
        ({"Content-Length": "x"}, "the result's end is not recognized"),
        ({}, "the result cannot prove that it is complete"),
    ],
)
def test_a_body_without_a_proven_end_is_not_begun(
    headers: dict[str, str], fact: str
) -> None:
    """A part of a result would pass for the whole."""
    transfer = Transfer(DATA, headers)

    with pytest.raises(TransferIncomplete, match=f"^{fact}$"):
        transfer.open()

    assert transfer.raw.sizes == []


def test_a_body_that_announces_more_than_is_allowed_is_not_begun() -> None:
    """The limit itself is allowed; a compressed length says nothing of the result."""
    announcing(101, **{"Content-Encoding": "gzip"}).open(max_bytes=100)
    announcing(100).open(max_bytes=100)

    fact = "^the result announces more bytes than are allowed$"
    with pytest.raises(ResultTooLarge, match=fact):
        announcing(101).open(max_bytes=100)


def test_a_transfer_that_cannot_end_in_time_is_not_begun() -> None:
    """The link is used up by it; no try of any length could bring more."""
    timeout = FUNCTIONS["download"].timeout
    longest = timeout * BYTES_PER_SECOND
    announcing(10 * BYTES_PER_SECOND).open(seconds=10.0)
    announcing(longest).open(seconds=timeout)
    Transfer(DATA, CHUNKED).open(seconds=0.0)

    fact = "^the result would outlast the time that is left$"
    with pytest.raises(TransferTooSlow, match=fact):
        announcing(10 * BYTES_PER_SECOND + 1).open(seconds=10.0)
    with pytest.raises(
        TransferImpossible, match=r"^the result would outlast any transfer$"
    ):
        announcing(longest + 1).open(seconds=2.0 * timeout)


def test_a_buffer_is_filled_by_small_reads() -> None:
    """A read blocks until it is full, and the watchdog must see bytes come."""
    data = os.urandom(150_000)
    transfer = Transfer(data, piece=40_000)
    download = transfer.open()
    buffer = memoryview(bytearray(100_000))

    assert download.readinto(buffer) == 100_000

    assert bytes(buffer) == data[:100_000]
    assert transfer.raw.sizes == [65_536, 60_000, 20_000]
    assert max(transfer.raw.sizes) <= MIN_WINDOW_BYTES
    assert read(download) == data[100_000:]


def test_a_body_of_the_largest_size_is_read_and_a_larger_one_is_not() -> None:
    """What is not announced is counted; memory and storage are bounded by it."""
    assert read(Transfer(DATA, CHUNKED).open(max_bytes=len(DATA))) == DATA

    fact = "^the result has more bytes than are allowed$"
    with pytest.raises(ResultTooLarge, match=fact):
        read(Transfer(DATA, CHUNKED).open(max_bytes=len(DATA) - 1))


@pytest.mark.parametrize("count", [0, len(DATA) - 1])
def test_a_body_that_is_shorter_than_announced_is_refused(count: int) -> None:
    """Also where it just ends, as if it were done."""
    transfer = Transfer(DATA[:count], {"Content-Length": str(len(DATA))})

    with pytest.raises(
        TransferIncomplete, match=r"^the result is shorter than announced$"
    ):
        read(transfer.open())


def test_a_body_without_bytes_is_complete_if_none_are_announced() -> None:
    """Whether an empty result may be one is decided elsewhere."""
    assert read(Transfer(b"").open()) == b""


@pytest.mark.parametrize(
    ("expired", "error", "fact"),
    [
        (False, TransferIncomplete, "the connection broke"),
        (True, TransferTooSlow, "the result came too slowly"),
    ],
)
def test_a_broken_connection_says_whether_it_was_too_slow(
    error: type[CourierError], fact: str, *, expired: bool
) -> None:
    """The watchdog breaks it; the advice to the reader differs."""
    transfer = Transfer()
    transfer.watchdog.expired = expired
    download = transfer.open()
    transfer.raw.failure = OSError("reset")

    with pytest.raises(error, match=f"^{fact}$"):
        read(download)


def zipped(data: bytes, *, piece: int = 100_000) -> Transfer:
    """Return a transfer with gzip's bytes as they are given."""
    transfer = Transfer(data, CHUNKED, piece=piece)
    transfer.headers["Content-Encoding"] = "gzip"
    return transfer


@pytest.mark.parametrize("piece", [1, 7, 100_000])
@pytest.mark.parametrize("buffer", [1, 10, 65_536])
def test_a_gzip_stream_is_unpacked_whatever_the_pieces(piece: int, buffer: int) -> None:
    """A piece may end anywhere, and unpack to more than the buffer takes."""
    data = DATA * 30
    transfer = zipped(gzip.compress(data), piece=piece)

    assert read(transfer.open(), buffer=buffer) == data
    assert transfer.watchdog.count == len(gzip.compress(data))


def test_a_gzip_stream_is_read_in_small_pieces() -> None:
    """Its end is proven by one more read, which must bring nothing."""
    data = os.urandom(100_000)
    transfer = zipped(gzip.compress(data))

    assert read(transfer.open()) == data
    assert transfer.raw.sizes == [65_536, 65_536, 1]


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda whole: whole[:-1], "the compressed result was cut"),
        (lambda whole: whole[:3], "the compressed result was cut"),
        (lambda _: b"", "the compressed result was cut"),
        (lambda whole: whole + b"x", "something follows the compressed result"),
        (lambda whole: b"x" + whole, "the connection broke"),
        (lambda _: zlib.compress(DATA), "the connection broke"),
    ],
)
@pytest.mark.parametrize("piece", [1, 100_000])
def test_a_gzip_stream_that_is_not_whole_is_refused(
    change: Callable[[bytes], bytes],
    fact: str,
    piece: int,
) -> None:
    """Nothing is missing, and nothing is left over."""
    transfer = zipped(change(gzip.compress(DATA)), piece=piece)

    with pytest.raises(TransferIncomplete, match=f"^{fact}$"):
        read(transfer.open())


def packed(zeros: int, *, size: int) -> bytes:
    """Return a gzip stream of zeros; a file name in its head brings it to a size."""
    rest = size - len(gzip.compress(bytes(zeros))) - 1
    with BytesIO() as file:
        with gzip.GzipFile("n" * rest, "wb", fileobj=file) as stream:
            stream.write(bytes(zeros))
        assert len(file.getvalue()) == size
        return file.getvalue()


@pytest.mark.parametrize("rest", range(10))
def test_a_gzip_stream_may_be_cut_anywhere_in_its_trailer(rest: int) -> None:
    """A read that brings only the trailer brings no data: that is no missing end."""
    assert read(zipped(packed(1_000, size=32_768 + rest)).open()) == bytes(1_000)


@pytest.mark.parametrize("buffer", [65_536, 200_000])
def test_a_gzip_stream_unpacks_to_a_multiple_of_its_size(buffer: int) -> None:
    """To 64 KiB and 200 times its size: a decompression bomb unpacks to more."""
    largest = 64 * 1024 + 200 * 500

    data = read(zipped(packed(largest, size=500)).open(), buffer=buffer)
    assert len(data) == largest

    fact = "^the result unpacks to more than a CSV can$"
    with pytest.raises(ResultTooLarge, match=fact):
        read(zipped(packed(largest + 1, size=500)).open(), buffer=buffer)


def test_a_stream_that_is_larger_than_its_content_is_limited_as_well() -> None:
    """Its head may be of any size."""
    assert read(zipped(packed(1, size=500)).open(max_bytes=500)) == b"\0"

    fact = "^the result has more bytes than are allowed$"
    with pytest.raises(ResultTooLarge, match=fact):
        read(zipped(packed(1, size=500)).open(max_bytes=499))


def test_unpacked_bytes_are_limited_as_well() -> None:
    """The limit is that of the result, not of what travels."""
    data = DATA * 30
    assert read(zipped(gzip.compress(data)).open(max_bytes=len(data))) == data

    fact = "^the result has more bytes than are allowed$"
    with pytest.raises(ResultTooLarge, match=fact):
        read(zipped(gzip.compress(data)).open(max_bytes=len(data) - 1))


def test_a_closed_download_holds_nothing() -> None:
    """Neither a connection nor the watchdog's thread."""
    transfer = Transfer()

    transfer.open().close()

    assert (transfer.closed, transfer.watchdog.closed) == (1, 1)
