"""Crowd: run many jobs at once on the local stack, and print what that takes.

    python -m benchmarks.crowd [10 100 1000]

Each number has a stack of its own, whose waits take their real time. After one job, so
that the functions have been started once, that many lists are uploaded. The processor's
seconds are those of the emulator, of the functions, which it starts, and of this
process, in which the simulators run. They hardly depend on what else the machine does.
"""

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.app import synthesize
from local.simulators.clock import RunningClock
from local.stack import STAGE, LocalStack, running

_LIST = b"email\n" + b"".join(b"someone.%04d@mail.example\n" % n for n in range(100))
_LOOK_SECONDS = 5.0
#: After so long, jobs that have not ended count as failed.
_MOST_SECONDS = 1800.0
#: The most that a job of a thousand may cost, beside one of a hundred.
_MOST_GROWTH = 1.2
_SMALL, _LARGE = 100, 1000
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 1024**2


@dataclass(frozen=True, kw_only=True)
class _Load:
    """Seconds of the processor since the start, by who used them, and memory in MiB."""

    emulator: float
    functions: float
    simulators: float
    emulator_mib: float
    functions_mib: float

    @property
    def cpu(self) -> float:
        return self.emulator + self.functions + self.simulators


def main() -> int:
    """Run each crowd, and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jobs", type=int, nargs="*", default=[10, _SMALL, _LARGE])
    crowds = parser.parse_args().jobs
    print(
        f"{'jobs':>6}{'failed':>8}{'seconds':>9}{'CPU s a job':>13}{'emulator':>10}"
        f"{'functions':>11}{'simulators':>12}{'emulator MiB':>14}{'functions MiB':>15}"
    )
    cpu_of_job: dict[int, float] = {}
    failed_jobs = 0
    with TemporaryDirectory() as folder:
        assembly = synthesize(STAGE, outdir=Path(folder))
        for jobs in crowds:
            with running(clock=RunningClock(), assembly=assembly) as stack:
                cpu_of_job[jobs], failed = _run(stack, jobs)
                failed_jobs += failed
    if {_SMALL, _LARGE} <= cpu_of_job.keys():
        growth = cpu_of_job[_LARGE] / cpu_of_job[_SMALL]
        print(f"A job of {_LARGE:,} costs {growth:.2f} times one of {_SMALL}.")
        failed_jobs += growth > _MOST_GROWTH
    return int(failed_jobs > 0)


def _run(stack: LocalStack, jobs: int) -> tuple[float, int]:
    """Run so many jobs; return the processor's seconds of each, and how many failed."""
    _upload(stack, "warm", 1)
    _wait_for(stack, 1)
    before, began = _load(), time.monotonic()
    _upload(stack, "crowd", jobs)
    peak = _wait_for(stack, jobs + 1)
    seconds, after = time.monotonic() - began, _load()
    failed = jobs + 1 - _outcomes(stack).count("succeeded")
    cpu = after.cpu - before.cpu
    shares = [
        (getattr(after, name) - getattr(before, name)) / cpu
        for name in ("emulator", "functions", "simulators")
    ]
    print(
        f"{jobs:>6,}{failed:>8}{seconds:>9.0f}{cpu / jobs:>13.2f}{shares[0]:>10.0%}"
        f"{shares[1]:>11.0%}{shares[2]:>12.0%}{peak.emulator_mib:>14.0f}"
        f"{peak.functions_mib:>15.0f}",
        flush=True,
    )
    return cpu / jobs, failed


def _upload(stack: LocalStack, name: str, jobs: int) -> None:
    s3, bucket = stack.emulator.client("s3"), stack.outputs["InboxBucket"]
    for number in range(jobs):
        # Equal lists are one to the provider, and looked at by people.
        content = _LIST + b"%s.%06d@mail.example\n" % (name.encode(), number)
        key = f"ipqs/email/{name}-{number}.csv"
        s3.put_object(Bucket=bucket, Key=key, Body=content)


def _wait_for(stack: LocalStack, jobs: int) -> _Load:
    """Wait until so many jobs have ended; return the largest memory that was seen."""
    ends_at, peak = time.monotonic() + _MOST_SECONDS, _load()
    while len(_outcomes(stack)) < jobs and time.monotonic() < ends_at:
        time.sleep(_LOOK_SECONDS)
        load = _load()
        peak = max(peak, load, key=lambda seen: seen.emulator_mib + seen.functions_mib)
    return peak


def _outcomes(stack: LocalStack) -> list[str]:
    pages: Any = stack.emulator.client("dynamodb").get_paginator("scan")
    return [
        item["outcome"]["S"]
        for page in pages.paginate(
            TableName=stack.outputs["JobsTable"],
            ProjectionExpression="outcome",
            FilterExpression="attribute_exists(outcome)",
        )
        for item in page["Items"]
    ]


def _load() -> _Load:
    children = _children()
    (emulator,) = filter(_is_emulator, children[os.getpid()])
    functions = [*_descendants(emulator, children)]
    ours, theirs = _stat(os.getpid()), _stat(emulator)
    running_ = [_stat(pid) for pid in functions]
    return _Load(
        emulator=theirs[0],
        # Those that have ended are counted by who started them.
        functions=theirs[1] + sum(own + ended for own, ended, _ in running_),
        simulators=ours[0],
        emulator_mib=theirs[2],
        functions_mib=sum(mib for _, _, mib in running_),
    )


def _stat(pid: int) -> tuple[float, float, float]:
    """Return a process's seconds, those of its children that ended, and its MiB."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0.0, 0.0, 0.0
    user, system, of_children, system_of_children = map(int, fields[11:15])
    own = (user + system) / _TICKS
    return own, (of_children + system_of_children) / _TICKS, int(fields[21]) * _PAGE_MIB


def _children() -> Mapping[int, list[int]]:
    """Return the processes that each process has started."""
    children = defaultdict[int, list[int]](list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = stat.read_text().rpartition(")")[2].split()
            children[int(fields[1])].append(int(stat.parent.name))
    return children


def _is_emulator(pid: int) -> bool:
    with suppress(OSError):
        return b"local.emulator" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _descendants(pid: int, children: Mapping[int, list[int]]) -> Iterator[int]:
    for child in children.get(pid, ()):
        yield child
        yield from _descendants(child, children)


if __name__ == "__main__":
    sys.exit(main())
