"""Cold start: measure what each function does before its first event.

    python -m benchmarks.cold_start [--only api,check]

That is the imports, the provider's adapter where one is called, and a client of AWS.
Each function starts from its asset, as it is built for this machine, with bytecode and
without, in a process of its own. Instructions are counted where Valgrind is installed:
they hardly depend on what else runs. With it, the command fails above a bar.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
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
_ADAPTER = "import functions.providers.ipqs.adapter, functions.providers.transport.http"
_CLIENT = "from functions.aws import clients; clients.dynamodb()"
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
            plain = Path(folder) / "plain"
            shutil.copytree(asset, plain, ignore=shutil.ignore_patterns("__pycache__"))
            with_bytecode, without = (
                (_cpu_ms(name, each), _instructions(name, each, valgrind))
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


def _command(name: str) -> list[str]:
    handler = FUNCTIONS[name].handler or f"functions.{name}.handler"
    steps = [f"import {handler.rpartition('.')[0]}", _CLIENT]
    if name in _CALLING_PROVIDERS:
        steps.append(_ADAPTER)
    return [sys.executable, "-P", "-c", "; ".join(steps)]


def _environment(asset: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(asset),
        "PYTHONDONTWRITEBYTECODE": "1",  # an asset on AWS cannot be written to
        "PYTHONHASHSEED": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def _cpu_ms(name: str, asset: Path) -> float:
    """Return the milliseconds of the processor, the median of some starts."""
    times = []
    for _ in range(_RUNS):
        process = subprocess.Popen(_command(name), env=_environment(asset))  # noqa: S603 - our own command line
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert not process.returncode, name  # noqa: S101 - else it measures nothing
        times.append((usage.ru_utime + usage.ru_stime) * 1000)
    return median(times)


def _instructions(name: str, asset: Path, valgrind: str | None) -> float:
    """Return the millions of instructions of one start; NaN without Valgrind."""
    if valgrind is None:
        return float("nan")
    command = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    process = subprocess.run(  # noqa: S603 - our own command line
        [*command, *_command(name)],
        env=_environment(asset),
        capture_output=True,
        text=True,
        check=True,
    )
    found = _COLLECTED.search(process.stderr)
    assert found, process.stderr  # noqa: S101 - else it measures nothing
    return int(found[1]) / 1e6


if __name__ == "__main__":
    sys.exit(main())
