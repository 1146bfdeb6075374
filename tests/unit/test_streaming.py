"""Streaming: a body is copied part by part, and no buffer changes before it is sent."""

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

    def __init__(self, _threads: int) -> None:
        """Ignore the number of threads."""

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
        self._fails_at = fails_at

    def send_part(self, number: int, content: bytes | bytearray) -> None:
        """Keep a part."""
        if number == self._fails_at:
            raise AwsUnavailable("no")
        self.parts[number] = bytes(content)


@pytest.fixture(autouse=True)
def _small_and_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PART_BYTES", _PART_BYTES)
    monkeypatch.setattr(streaming, "ThreadPoolExecutor", LateSenders)


@pytest.mark.fault(73)
@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 24, 25, 32, 40, 101])
def test_no_buffer_is_filled_again_before_it_is_sent(size: int) -> None:
    """A slow sender would otherwise send the bytes of a later part.

    S3 would notice only if the checksum were computed before.
    """
    upload: Any = Upload()

    stats = streaming.stream(BytesBody(_DATA[:size]), upload, CSV)

    parts = [upload.parts[number] for number in sorted(upload.parts)]
    assert b"".join(parts) == _DATA[:size]
    assert all(len(part) == _PART_BYTES for part in parts[:-1])
    assert stats.bytes == size


@pytest.mark.fault(69)
@pytest.mark.parametrize("part", [1, 2, 3, 4, 13])
def test_the_failure_of_any_part_is_raised(part: int) -> None:
    """Without it the upload would be completed with a hole."""
    upload: Any = Upload(fails_at=part)

    with pytest.raises(AwsUnavailable):
        streaming.stream(BytesBody(_DATA), upload, CSV)
