"""Throughput: compare the step Download with other ways to copy a result into S3.

    python -m benchmarks.throughput [--gib 1] [--rounds 5]

All of it runs over TLS on the loopback interface. The contenders take turns, each in a
process of its own, and the medians are compared: only the ratios of one run say
anything. The limit is a compiled relay, which is built where there is a C compiler with
OpenSSL's headers; a command that is not installed is left out, too.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trustme

from benchmarks.contenders import CONTENDERS
from benchmarks.endpoints import Plan
from functions.core.provider_settings import to_json
from infra import config

GIB = 1024**3
MIB = 1024**2
RELAY = "compiled relay"
#: They neither hash nor count.
COMMANDS = {
    "curl | aws s3 cp": (
        "curl --silent --show-error --fail --cacert {ca} {url}"
        " | aws s3 cp - s3://results/key --expected-size {bytes} --only-show-errors"
    ),
}
#: A slow network: bytes a second, and seconds until S3 has answered.
_SLOW = {"source_rate": 75e6, "put_seconds": 0.06}

_PROJECT = Path(__file__).parents[1]
_RELAY_SOURCE = Path(__file__).with_name("relay.c")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One copy: seconds by the clock and of the processor, and the peak of memory."""

    bytes: int
    seconds: float
    cpu: float
    peak_kib: int
    rows: int = 0
    sha256: str = ""

    @property
    def megabytes_per_second(self) -> float:
        """The throughput, in 10^6 bytes a second."""
        return self.bytes / 1e6 / self.seconds

    @property
    def cpu_per_gib(self) -> float:
        """The processor's seconds for a GiB."""
        return self.cpu * GIB / self.bytes

    @property
    def peak_mib(self) -> float:
        """The peak of the process's memory."""
        return self.peak_kib / 1024


class Course:
    """A source and a sink that are running, and the ways to copy between them."""

    def __init__(
        self, folder: Path, ca: Path, ports: tuple[int, int], size: int
    ) -> None:
        self._folder = folder
        self._ca = ca
        self._source, self._sink = ports
        self._size = size
        self._environment = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_CA_BUNDLE": str(ca),
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"https://localhost:{self._sink}",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
        }
        self._settings = {
            **_ipqs_settings(),
            "base_url": f"https://localhost:{self._source}",
            "download_hosts": [f"localhost:{self._source}"],
            "loopback": True,
        }

    def contend(self, name: str) -> Run:
        """Copy the result once by one of the contenders."""
        if name == RELAY:
            ports = (str(self._source), str(self._sink))
            relay = str(self._folder / "relay")
            return self._report([relay, str(self._ca), *ports, str(self._size)])
        if name in COMMANDS:
            command = COMMANDS[name].format(
                ca=self._ca, url=self._url, bytes=self._size
            )
            module = [sys.executable, "-m", "benchmarks.shell_command"]
            return self._report([*module, command, str(self._size)])
        task = {"settings": self._settings, "ca": str(self._ca), "url": self._url}
        command = [sys.executable, "-m", "benchmarks.contenders", name]
        return self._report(command, json.dumps(task))

    @property
    def _url(self) -> str:
        return f"https://localhost:{self._source}/result"

    def _report(self, command: list[str], task: str = "") -> Run:
        process = subprocess.run(  # noqa: S603 - our own command line
            command,
            input=task,
            capture_output=True,
            text=True,
            check=False,
            cwd=_PROJECT,
            env=self._environment,
        )
        if process.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{process.stderr}")
        run = Run(**json.loads(process.stdout))
        if run.bytes != self._size:
            raise RuntimeError(f"{command[0]} copied {run.bytes} bytes")
        return run


@contextmanager
def course(size: int, **limits: float) -> Iterator[Course]:
    """Start a source of `size` bytes and a sink, with limits as `Plan` names them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        authority, ca = trustme.CA(), folder / "ca.pem"
        authority.cert_pem.write_to_path(str(ca))
        own = folder / "own.pem"
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
            str(own)
        )
        plan = Plan(certificate=str(own), bytes=size, **limits)
        _build_relay(folder)
        with _endpoint(plan) as source, _endpoint(plan) as sink:
            yield Course(folder, ca, (source, sink), size)


def contenders(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of those that can run here, and of those that are left out."""
    names = [RELAY, *CONTENDERS, *COMMANDS]
    present = [name for name in names if _is_present(name, folder)]
    return present, [name for name in names if name not in present]


def _is_present(name: str, folder: Path) -> bool:
    if name == RELAY:
        return _build_relay(folder)
    words = COMMANDS.get(name, "").split(" | ")
    return all(shutil.which(word.split()[0]) for word in words if word)


def _build_relay(folder: Path) -> bool:
    """Compile the relay into a folder; return whether there is what that takes."""
    compiler = shutil.which("cc")
    if compiler is None:
        return False
    command = [compiler, "-O3", "-o", str(folder / "relay"), str(_RELAY_SOURCE)]
    process = subprocess.run(  # noqa: S603 - our own command line
        [*command, "-lssl", "-lcrypto"], capture_output=True, check=False
    )
    return process.returncode == 0


@contextmanager
def _endpoint(plan: Plan) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.endpoints", json.dumps(asdict(plan))]
    with subprocess.Popen(  # noqa: S603 - our own command line
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_PROJECT,
    ) as process:
        assert process.stdin and process.stdout  # noqa: S101, PT018 - for mypy
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def _ipqs_settings() -> Mapping[str, Any]:
    deployed = config.stage("dev", config.context()["courier"])
    return to_json(deployed.providers["ipqs"])


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


def _measure_alone(title: str, size: int, rounds: int = 1, **limits: float) -> None:
    with course(size, **limits) as running:
        run = _median([running.contend("product") for _ in range(rounds)])
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
