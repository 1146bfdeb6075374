"""Measure how long a join of two million records takes, and its memory.

    python -m benchmarks.join [records]

The records have cells with commas, quotes and line breaks. The provider returns them
in another order, a hundredth of them in other letters, a thousandth not at all.
"""

import csv
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from functions.core.rows import JOINED_KIND, JOINED_PARQUET_KIND
from functions.joining.database import write_exact_csv
from functions.joining.join import RECORD_COLUMNS, Join, Table

_RECORDS = 2_000_000
_CHANGED, _LOST, _REPEATED = 100, 1000, 90  # one of so many
_NOTES = ("Asha, Mumbai", 'said "yes"', "line one\nline two", "", "plain")


def _value(number: int) -> str:
    return f"user{number:07d}@example.test"


def _records(count: int) -> Iterator[Sequence[object]]:
    for n in range(1, count + 1):
        cells = (str(n * 7), _value(n), _NOTES[n % len(_NOTES)], "2026-11-26")
        if n % _REPEATED:
            yield (n, "sent", "", "", _value(n), *cells)
        else:
            yield (n, "duplicate", "", n - 1, _value(n - 1), *cells)


def _results(count: int, folder: Path) -> dict[str, Path]:
    order = [n for n in range(1, count + 1) if n % _REPEATED and n % _LOST]
    random.Random(1).shuffle(order)  # noqa: S311 - repeatable
    lists = ("clean", "bad")
    paths = {kind: folder / f"{kind}.csv" for kind in (*lists, "all")}
    files = [paths[kind].open("w", newline="", encoding="utf-8") for kind in paths]
    writers = [csv.writer(file) for file in files]
    for writer in writers:
        writer.writerow(["Date", "Email Address", "Valid", "Recent Abuse", "Score"])
    for n in order:
        value = _value(n) if n % _CHANGED else _value(n).upper()
        row = ["2026-11-26", value, "true", "false", str(n % 100)]
        writers[n % 4 == 0].writerow(row)
        writers[-1].writerow(row)
    for file in files:
        file.close()
    return paths


def main() -> int:
    """Write the inputs, join them in this process, and print what it took."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _RECORDS
    with TemporaryDirectory(prefix="join-") as name:
        folder = Path(name)
        columns = (*RECORD_COLUMNS, "c1", "c2", "c3", "c4")
        write_exact_csv(folder / "records.csv", columns, _records(count))
        results = _results(count, folder)
        (folder / "work").mkdir()
        join = Join(
            records=folder / "records.csv",
            table=Table(header=("id", "E-Mail", "note", "day"), width=4),
            results=results,
            complete=("all",),
            provider="theirs",
            type="email",
        )
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started, cpu = time.monotonic(), time.process_time()
        joined = join.write(folder / "work")
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        megabytes = (
            sum(
                path.stat().st_size
                for path in (folder / "work").rglob("*")
                if path.is_file()
            )
            / 1_000_000
        )
        sizes = [
            path.stat().st_size / 1_000_000
            for path in (
                folder / "records.csv",
                results["all"],
                joined.files[JOINED_KIND],
                joined.files[JOINED_PARQUET_KIND],
            )
        ]
    numbers = joined.rows
    records, everything, joined_csv, parquet = sizes
    print(f"{numbers.records:,} records, {numbers.missing:,} of them missing")
    print(f"records.csv {records:.0f} MB, all {everything:.0f} MB, ", end="")
    print(f"joined.csv {joined_csv:.0f} MB, joined.parquet {parquet:.0f} MB")
    print(f"{seconds:.1f} s, {cpu:.1f} s of CPU, {megabytes:.0f} MB on the disk")
    print(f"peak memory {peak / 1024:.0f} MiB, {before / 1024:.0f} before the join")
    return 0


if __name__ == "__main__":
    sys.exit(main())
