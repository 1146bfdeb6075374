"""Streaming: a body is copied part by part, and no buffer changes before it is sent."""

import zlib
from collections.abc import Callable
from typing import Any

import pytest

from functions.aws import streaming
from functions.core.errors import AwsUnavailable
from functions.core.file_formats import CSV
from functions.providers.bodies import BytesBody

_PART_BYTES = 8
_DATA = bytes(range(97, 97 + 26)) * 4


class LateFuture:
    """A call that happens when somebody waits for it, and not before."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call
        self._failure: BaseException | None = None

    def exception(self) -> BaseException | None:
        """Make the call unless it was made; return how it failed."""
        if self._call:
            call, self._call = self._call, None
            try:
                call()
            except AwsUnavailable as failure:
                self._failure = failure
        return self._failure

    def result(self) -> None:
        """Make the call unless it was made; raise how it failed."""
        if failure := self.exception():
            raise failure


class LateSenders:
    """An executor whose threads are as slow as they may be."""

    def __init__(self, threads: int) -> None:
        """Take one thread, as is measured to be enough."""
        assert threads == 1

    def __enter__(self) -> "LateSenders":
        return self

    def __exit__(self, *_: object) -> None:
        """End without waiting."""

    def submit(self, call: Callable[..., None], *args: Any) -> LateFuture:  # noqa: ANN401 - passed on
        """Return a call that was not made yet."""
        return LateFuture(lambda: call(*args))


class Upload:
    """An upload that keeps what it is sent, or fails at one part."""

    def __init__(self, fails_at: int = 0) -> None:
        self.parts: dict[int, bytes] = {}
        self.buffers: set[int] = set()
        self._fails_at = fails_at

    def send_part(self, number: int, content: bytes | bytearray, crc32: int) -> None:
        """Keep a part, unless it has changed since it was read."""
        assert crc32 == zlib.crc32(content)
        if number == self._fails_at:
            raise AwsUnavailable("no")
        self.parts[number] = bytes(content)
        self.buffers.add(id(content))


class StrictBody:
    """A body of zeros, to be read as its protocol says; `sizes` are those asked for."""

    announced_bytes = None

    def __init__(self, size: int) -> None:
        self.sizes: list[int] = []
        self._rest = size
        self._is_over = False

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer."""
        assert not self._is_over, "it was read to its end before"
        assert len(buffer) > 0, "nothing read would pass for the end"
        self.sizes.append(len(buffer))
        count = min(len(buffer), self._rest)
        self._rest -= count
        self._is_over = count == 0
        return count

    def close(self) -> None:
        """Hold nothing."""


@pytest.fixture(autouse=True)
def _late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "ThreadPoolExecutor", LateSenders)


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PART_BYTES", _PART_BYTES)


@pytest.mark.usefixtures("_small")
@pytest.mark.fault(73)
@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 24, 25, 32, 40, 101])
def test_no_buffer_is_filled_again_before_it_is_sent(size: int) -> None:
    """A slow sender would otherwise send the bytes of a later part."""
    upload: Any = Upload()

    stats = streaming.stream(BytesBody(_DATA[:size]), upload, CSV)

    parts = [upload.parts[number] for number in sorted(upload.parts)]
    assert b"".join(parts) == _DATA[:size]
    assert all(len(part) == _PART_BYTES for part in parts[:-1])
    assert stats.bytes == size
    assert stats.crc32 == zlib.crc32(_DATA[:size])


@pytest.mark.usefixtures("_small")
@pytest.mark.fault(69)
@pytest.mark.parametrize("part", [1, 2, 3, 4, 13])
def test_the_failure_of_any_part_is_raised(part: int) -> None:
    """Without it the upload would be completed with a hole."""
    upload: Any = Upload(fails_at=part)

    with pytest.raises(AwsUnavailable):
        streaming.stream(BytesBody(_DATA), upload, CSV)


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("size", [0, 7, 8, 9, 32])
def test_a_body_is_read_once_to_its_end(size: int) -> None:
    """A second read after the end may fail, or begin anew."""
    upload: Any = Upload()

    assert streaming.stream(StrictBody(size), upload, CSV).bytes == size


@pytest.mark.usefixtures("_small")
def test_a_result_of_any_size_needs_two_buffers() -> None:
    """One that is being sent, and one that is being filled: the memory is bounded."""
    upload: Any = Upload()

    streaming.stream(BytesBody(_DATA), upload, CSV)

    assert len(upload.parts) == len(_DATA) // _PART_BYTES
    assert len(upload.buffers) == 2


def test_parts_are_large_and_reads_are_small() -> None:
    """S3 takes 10,000 parts, and the time of a slow body is looked at in each read."""
    upload: Any = Upload()
    body = StrictBody(16 * 1024 * 1024 + 1)

    streaming.stream(body, upload, CSV)

    assert [len(upload.parts[number]) for number in (1, 2)] == [16 * 1024 * 1024, 1]
    assert max(body.sizes) == 256 * 1024
