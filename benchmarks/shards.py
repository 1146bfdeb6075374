"""Shards: measure what a list takes that is cut into shards, and merged afterwards.

    python -m benchmarks.shards [records …]

For each number of records: the seconds of the processor, the most memory, and what
lies on the disk. Numbers in proportion say what a larger list takes.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.rows import FileSource, write_list
from functions.merging import merged
from functions.records_file import RecordsFile
from functions.submission_file import SubmissionFile
from functions.tables.list_reading import Status, read_list
from functions.tables.reader import ReadOptions

_RECORDS = (500_000, 1_000_000)
_SHARDS = 12
_CHUNK_BYTES = 256 * 1024


def main(counts: list[int]) -> int:
    """Prepare and merge a list of each size, and print how that went."""
    print(f"{'records':>10}{'':<10}{'seconds':>9}{'peak MB':>9}{'disk MB':>9}")
    for count in counts or _RECORDS:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "list.csv"
            write_list(path, count)
            _measure(count, "prepare", partial(_prepare, FileSource(path), count))
            parts = _results(Path(folder), count)
            _measure(count, "merge", partial(_merge, parts))
    return 0


def _prepare(source: FileSource, count: int) -> int:
    """Write the files that Prepare writes; return their bytes on the disk."""
    reading = read_list(source, "list.csv", "email", ReadOptions())
    rows = -(-count // _SHARDS)
    with (
        SubmissionFile("email", max_rows=rows, max_bytes=10**9) as submission,
        RecordsFile() as records,
    ):
        for record in reading.records():
            if record.status is Status.SENT:
                submission.add(record.number, record.value)
            fields = (record.number, record.status, record.reason)
            values = (record.duplicate_of or "", record.value)
            records.add((*fields, *values), record.cells)
        submission.shards()
        with records.padded() as padded:
            return submission.size + records.size + padded.size


def _merge(parts: list[Path]) -> int:
    """Merge the results of the shards; return their bytes."""
    return sum(map(len, merged([partial(_chunks, part) for part in parts])))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _results(folder: Path, count: int) -> list[Path]:
    paths = []
    for shard in range(_SHARDS):
        path = folder / f"all-{shard:04}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("Email Address,Valid,Disposable,SMTP Score,Fraud Score\n")
            for number in range(shard, count, _SHARDS):
                file.write(f"user{number}@club{number % 97}.example,true,false,3,0\n")
        paths.append(path)
    return paths


def _measure(count: int, name: str, work: Callable[[], int]) -> None:
    begin = time.process_time()
    size = work()
    seconds = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:>10,} {name:<9}{seconds:>9.1f}{peak:>9.0f}{size / 1e6:>9.0f}")


if __name__ == "__main__":
    sys.exit(main([int(text) for text in sys.argv[1:]]))
