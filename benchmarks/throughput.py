"""Throughput: compare the step Download with other ways to copy a result into S3.

    python -m benchmarks.throughput [--gib 1] [--rounds 5]

All of it runs over TLS on the loopback interface. The contenders take turns, each in a
process of its own, and the medians are compared: only the ratios of one run say
anything. The limit is a compiled relay, which is built where there is a C compiler with
OpenSSL's headers; a command that is not installed is left out, too.
"""

import argparse
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.course import GIB, RELAY, Run, contenders, course

MIB = 1024**2
#: A slow network: bytes a second, and seconds until S3 has answered.
_SLOW = {"source_rate": 75e6, "put_seconds": 0.06}


def _median(runs: list[Run]) -> Run:
    def middle(name: str) -> Any:  # noqa: ANN401 - a number
        return statistics.median(getattr(run, name) for run in runs)

    return Run(
        bytes=runs[0].bytes,
        seconds=middle("seconds"),
        cpu=middle("cpu"),
        peak_kib=max(run.peak_kib for run in runs),
    )


def _compare(size: int, rounds: int) -> None:
    with TemporaryDirectory() as folder:
        present, absent = contenders(Path(folder))
    with course(size) as running:
        runs: dict[str, list[Run]] = {name: [] for name in present}
        for _ in range(rounds):
            for name in present:
                runs[name].append(running.contend(name))
    results = {run.sha256 for of_one in runs.values() for run in of_one if run.sha256}
    if len(results) != 1:
        raise RuntimeError("the contenders copied different bytes")
    medians = {name: _median(of_one) for name, of_one in runs.items()}
    limit = medians.get(RELAY)
    print(f"{size / GIB:g} GiB over TLS, medians of {rounds}, in turns")
    print(
        f"{'':<28}{'MB/s':>8}{'ratio':>8}{'CPU s/GiB':>11}{'ratio':>8}{'peak MiB':>10}"
    )
    for name, run in medians.items():
        speed = cpu = ""
        if limit:
            speed = f"{run.megabytes_per_second / limit.megabytes_per_second:.2f}"
            cpu = f"{run.cpu / limit.cpu:.2f}"
        print(
            f"{name:<28}{run.megabytes_per_second:>8.0f}{speed:>8}"
            f"{run.cpu_per_gib:>11.2f}{cpu:>8}{run.peak_mib:>6.0f}"
        )
    for name in absent:
        print(f"{name:<28} left out: it is not installed, or cannot be built here")


def _measure_alone(title: str, size: int, **limits: float) -> None:
    with course(size, **limits) as running:
        run = running.contend("product")
    share = ""
    if rate := limits.get("source_rate"):
        share = f", {run.megabytes_per_second * 1e6 / rate:.3f} of the limit"
    print(
        f"{title:<28}{run.megabytes_per_second:>8.0f} MB/s{share}"
        f", peak {run.peak_mib:.1f} MiB"
    )


def main() -> int:
    """Print the table, the peaks of memory, and what a slow network leaves."""
    parser = argparse.ArgumentParser(description="Download, beside other ways.")
    parser.add_argument("--gib", type=float, default=1.0, help="the result's size")
    parser.add_argument("--rounds", type=int, default=5, help="how often, in turns")
    options = parser.parse_args()
    size = int(options.gib * GIB)
    _compare(size, options.rounds)
    print("\nthe step alone")
    for title, bytes_ in (("64 MiB", 64 * MIB), ("1 GiB", GIB), ("5 GiB", 5 * GIB)):
        _measure_alone(title, bytes_)
    _measure_alone("64 MiB, sink of 4 MB/s", 64 * MIB, sink_rate=4e6)
    _measure_alone("75 MB/s, 60 ms a PUT", GIB, **_SLOW)
    _measure_alone("… and 85 MB/s into S3", GIB, **_SLOW, sink_rate=85e6)
    return 0


if __name__ == "__main__":
    sys.exit(main())
