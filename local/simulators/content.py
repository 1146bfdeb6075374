"""Produce bodies of any size on the fly, as often as they are needed."""

import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

BLOCK = 256 * 1024
_ROW = 64  # bytes of a synthetic row, so that whole rows fill a block
_HEADER = b"Email Address,Valid\n"
_MANY_ROWS = _HEADER * 2000  # a table by its first line
_GZIP = 31  # zlib's window bits for a gzip header and trailer


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that `produce` yields; `size` is None when unknown or endless."""

    produce: Callable[[], Iterator[bytes]]
    size: int | None

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Return content with these bytes."""
        return cls(lambda: iter((data,) if data else ()), len(data))

    @classmethod
    def file(cls, path: Path) -> Self:
        """Return the content of a file, which is opened each time it is produced."""

        def produce() -> Iterator[bytes]:
            with path.open("rb") as file:
                yield from iter(lambda: file.read(BLOCK), b"")

        return cls(produce, path.stat().st_size)

    @classmethod
    def rows(cls, size: int) -> Self:
        """Return a CSV of exactly `size` bytes; ValueError if the header is longer."""
        if size < len(_HEADER):
            raise ValueError(f"a header of {len(_HEADER)} bytes needs a larger size")
        block = b"".join(
            f"user{number:06d}@example.com".encode().ljust(_ROW - 6, b"x") + b",true\n"
            for number in range(BLOCK // _ROW)
        )

        def produce() -> Iterator[bytes]:
            yield _HEADER
            left = size - len(_HEADER)
            while left > len(block):
                yield block
                left -= len(block)
            rest = left % _ROW  # of the last row, which has two cells or none
            last = (b"x" * (rest - 2) + b",\n")[-rest:] if rest else b""
            if left:
                yield block[: left - rest] + last

        return cls(produce, size)

    @classmethod
    def endless(cls, block: bytes = _MANY_ROWS) -> Self:
        """Return content that repeats a block without end, of rows if none is given."""
        return cls(lambda: itertools.repeat(block), None)

    @classmethod
    def bomb(cls, size: int) -> Self:
        """Return a gzip stream that unpacks to `size` bytes, 1000 times its length."""

        def blank_rows() -> Iterator[bytes]:
            yield _HEADER[:size]
            for at in range(len(_HEADER), size, BLOCK):
                yield (b",\n" * (BLOCK // 2))[: size - at]

        return cls(blank_rows, size).gzipped()

    def gzipped(self) -> Self:
        """Return this content compressed, which happens while it is produced."""

        def produce() -> Iterator[bytes]:
            compressor = zlib.compressobj(wbits=_GZIP)
            for block in self.produce():
                if compressed := compressor.compress(block):
                    yield compressed
            yield compressor.flush()

        return type(self)(produce, None)

    def measured(self) -> int:
        """Return the size; if it is unknown, produce all content once to measure it."""
        return sum(map(len, self.produce())) if self.size is None else self.size

    def read(self) -> bytes:
        """Return all content at once; use it for small content only."""
        return b"".join(self.produce())
