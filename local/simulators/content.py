"""Content: bytes that can be produced again and again, without being held."""

import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

BLOCK = 256 * 1024
ROW = 64  # bytes of a synthetic row, so that whole rows fill a block
_GZIP = 31  # zlib's window bits for a gzip header and trailer


@dataclass(frozen=True, slots=True)
class Content:
    """What `produce` yields; `size` is None when it is unknown or endless."""

    produce: Callable[[], Iterator[bytes]]
    size: int | None

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Bytes at hand."""
        return cls(lambda: iter((data,) if data else ()), len(data))

    @classmethod
    def file(cls, path: Path) -> Self:
        """A file, opened anew each time."""

        def produce() -> Iterator[bytes]:
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    yield block

        return cls(produce, path.stat().st_size)

    @classmethod
    def rows(cls, size: int, *, header: str = "Email Address,Valid") -> Self:
        """A CSV of exactly `size` bytes (more than its header), made on the fly."""
        first = f"{header}\n".encode()
        if size < len(first):
            raise ValueError(f"a header of {len(first)} bytes needs a larger size")
        block = b"".join(
            f"user{number:06d}@example.com".encode().ljust(ROW - 6, b"x") + b",true\n"
            for number in range(BLOCK // ROW)
        )

        def produce() -> Iterator[bytes]:
            yield first
            left = size - len(first)
            while left > len(block):
                yield block
                left -= len(block)
            if left:
                yield block[: left - 1] + b"\n"

        return cls(produce, size)

    @classmethod
    def endless(cls, block: bytes = b"a row that never ends," * 1000) -> Self:
        """The same block for ever."""
        return cls(lambda: itertools.repeat(block), None)

    @classmethod
    def bomb(cls, size: int) -> Self:
        """A gzip stream that unpacks to `size` bytes, a thousand times its own."""

        def zeros() -> Iterator[bytes]:
            for start in range(0, size, BLOCK):
                yield bytes(min(BLOCK, size - start))

        return cls(zeros, size).gzipped()

    def gzipped(self) -> Self:
        """The same, compressed while it flows."""

        def produce() -> Iterator[bytes]:
            packer = zlib.compressobj(wbits=_GZIP)
            for block in self.produce():
                if packed := packer.compress(block):
                    yield packed
            yield packer.flush()

        return type(self)(produce, None)

    def part(self, start: int, stop: int | None = None) -> Self:
        """The bytes from `start` to `stop`, which counts from the end if negative."""
        if stop is not None and stop < 0:
            stop += self.measured()

        def produce() -> Iterator[bytes]:
            at = 0
            for block in self.produce():
                wanted = block[max(start - at, 0) :]
                if stop is not None:
                    wanted = block[max(start - at, 0) : max(stop - at, 0)]
                if wanted:
                    yield wanted
                at += len(block)
                if stop is not None and at >= stop:
                    return

        if self.size is None:
            return type(self)(produce, None)
        end = self.size if stop is None else min(stop, self.size)
        return type(self)(produce, max(end - start, 0))

    def measured(self) -> int:
        """The size, found by producing everything once where it is not known."""
        if self.size is not None:
            return self.size
        return sum(map(len, self.produce()))

    def read(self) -> bytes:
        """Everything at once, for what is known to be small."""
        return b"".join(self.produce())
