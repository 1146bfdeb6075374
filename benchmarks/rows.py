"""Rows: measure how fast a list of two million records is read, and in what memory.

    python -m benchmarks.rows

The seconds are those of the processor, so that other programs change them little.
"""

import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from functions.tables.list_reading import read_list
from functions.tables.reader import ReadOptions, open_table

_RECORDS = 2_000_000
_DUPLICATES = 0.01
_OPTIONS = ReadOptions()


class FileSource:
    """A `Source` of a file on the disk."""

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        self._path = path

    def open(self) -> BinaryIO:
        """See `Source.open`."""
        return self._path.open("rb")


def main() -> int:
    """Write a list, read it, and print how that went."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        write_list(path, _RECORDS)
        source = FileSource(path)
        print(f"{_RECORDS:,} records, {source.size / 1e6:.0f} MB")
        print(f"{'':<32}{'MB/s':>8}{'seconds':>10}{'peak MB':>10}")
        _measure("read the records", source, _read)
        _measure("decide which values are sent", source, _classify)
    return 0


def _read(source: FileSource) -> int:
    table = open_table(source, "list.csv", _OPTIONS)
    return sum(1 for _ in table.records(has_header=True))


def _classify(source: FileSource) -> int:
    reading = read_list(source, "list.csv", "email", _OPTIONS)
    return sum(1 for _ in reading.records())


def _measure(name: str, source: FileSource, work: Callable[[FileSource], int]) -> None:
    begin = time.process_time()
    records = work(source)
    seconds = time.process_time() - begin
    assert records == _RECORDS, records  # noqa: S101 - else it measures something else
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    speed = source.size / 1e6 / seconds
    print(f"{name:<32}{speed:>8.1f}{seconds:>10.1f}{peak:>10.0f}")


def write_list(path: Path, records: int) -> None:
    """Write a list, as Excel exports it."""
    randoms = random.Random(1)  # noqa: S311 - repeatable is what a measurement wants
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("id;email;name;town\r\n")
        for number in range(records):
            is_new = randoms.random() >= _DUPLICATES
            user = number if is_new else randoms.randrange(number + 1)
            file.write(
                f'{number};user{user}@club{user % 97}.example;"Rao; Asha";Pune\r\n'
            )


if __name__ == "__main__":
    sys.exit(main())
