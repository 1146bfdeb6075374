"""Cold start: measure what each function does before its first event.

    python -m benchmarks.cold_start [--only api,check]

That is the imports, the provider's adapter where one is called, and a client of AWS.
Each function starts from its asset, as it is built for this machine, with bytecode and
without, in a process of its own that can import boto3, as it can on AWS, and nothing
else that is installed here. Instructions are counted where Valgrind is installed:
they hardly depend on what else runs. With it, the command fails above a bar.
"""

import argparse
import math
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from functions.core.function_table import FUNCTIONS
from infra.bundling import HOST, bundle, bundle_join, bundle_notices

#: The most millions of instructions with bytecode.
_MOST = 1450
_MOST_WITHOUT_PROVIDER = 1300
_CALLING_PROVIDERS = {"prepare", "submit", "check", "download", "gather", "sweep"}
#: A person or a provider waits for it.
_MOST_OF = {"api": _MOST, **dict.fromkeys(_CALLING_PROVIDERS, _MOST)}
_OWN_ASSETS = {"join": bundle_join, "forward_notice": bundle_notices}
_RUNS = 5
#: boto3 and what it requires, with the bytecode of those that are a single file.
_RUNTIME = (
    *("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "urllib3"),
    *("six.py", "__pycache__"),
)
_ADAPTER = "import functions.providers.ipqs.adapter, functions.providers.transport.http"
_CLIENT = "from functions.aws import clients; clients.dynamodb()"
_INSTALLED = Path(sysconfig.get_path("purelib"))
_COLLECTED = re.compile(r"Collected : (\d+)")


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each function; return 1 if one is above its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(FUNCTIONS))
    names = parser.parse_args(arguments).only.split(",")
    valgrind = shutil.which("valgrind")
    if not valgrind:
        print("Instructions are left out: Valgrind is not installed.")
    print(f"{'':20}{'with bytecode':>28}{'without':>28}{'bar':>8}")
    missed = []
    for name in names:
        asset = _OWN_ASSETS.get(name, bundle)(HOST)
        bar = _MOST_OF.get(name, _MOST_WITHOUT_PROVIDER)
        with tempfile.TemporaryDirectory() as folder:
            plain, runtime = Path(folder) / "plain", Path(folder) / "runtime"
            shutil.copytree(asset, plain, ignore=shutil.ignore_patterns("__pycache__"))
            runtime.mkdir()
            for package in _RUNTIME:
                (runtime / package).symlink_to(_INSTALLED / package)
            with_bytecode, without = (
                _Start(name, f"{each}:{runtime}").measured(valgrind)
                for each in (asset, plain)
            )
        print(f"{name:20}{_cells(with_bytecode)}{_cells(without)}{bar:>6} M")
        if with_bytecode[1] > bar:
            missed.append(name)
    if missed:
        print(f"above the bar: {', '.join(missed)}")
    return 1 if missed else 0


def _cells(measured: tuple[float, float]) -> str:
    milliseconds, millions = measured
    return f"{milliseconds:>12.0f} ms CPU {millions:>9.0f} M"


@dataclass(frozen=True)
class _Start:
    """A start of a function, by the path of what it can import."""

    name: str
    path: str

    def measured(self, valgrind: str | None) -> tuple[float, float]:
        """Return the milliseconds of the processor, and the millions of instructions.

        The first is the median of some starts; the second is NaN without Valgrind.
        """
        times = [self._cpu_ms() for _ in range(_RUNS)]
        return median(times), self._instructions(valgrind) if valgrind else math.nan

    def _command(self) -> list[str]:
        handler = FUNCTIONS[self.name].handler or f"functions.{self.name}.handler"
        steps = [f"import {handler.rpartition('.')[0]}", _CLIENT]
        if self.name in _CALLING_PROVIDERS:
            steps.append(_ADAPTER)
        return [sys.executable, "-S", "-P", "-c", "; ".join(steps)]

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": self.path,
            "PYTHONDONTWRITEBYTECODE": "1",  # an asset on AWS cannot be written to
            "PYTHONHASHSEED": "0",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def _cpu_ms(self) -> float:
        process = subprocess.Popen(self._command(), env=self._environment())  # noqa: S603 - our own command line
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert not process.returncode, self.name  # noqa: S101 - else it measures nothing
        return (usage.ru_utime + usage.ru_stime) * 1000

    def _instructions(self, valgrind: str) -> float:
        callgrind = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        process = subprocess.run(  # noqa: S603 - our own command line
            [*callgrind, *self._command()],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        found = _COLLECTED.search(process.stderr)
        assert found, process.stderr  # noqa: S101 - else it measures nothing
        return int(found[1]) / 1e6


if __name__ == "__main__":
    sys.exit(main())
