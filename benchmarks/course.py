"""Course: start a source and a sink, and run one contender between them."""

import json
import os
import shutil
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
RELAY = "compiled relay"
#: They neither hash nor count.
COMMANDS = {
    "curl | aws s3 cp": (
        "curl --silent --show-error --fail --cacert {ca} {url}"
        " | aws s3 cp - s3://results/key --expected-size {bytes} --only-show-errors"
    ),
}
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
        contender = [sys.executable, "-m", "benchmarks.contenders", name]
        return self._report(contender, json.dumps(task))

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
        ca, own = certificates(folder)
        plan = Plan(certificate=str(own), bytes=size, **limits)
        _build_relay(folder)
        with endpoint(plan) as source, endpoint(plan) as sink:
            yield Course(folder, ca, (source, sink), size)


def certificates(folder: Path) -> tuple[Path, Path]:
    """Write the certificates of an authority and of `localhost`, with its key."""
    authority, ca, own = trustme.CA(), folder / "ca.pem", folder / "own.pem"
    authority.cert_pem.write_to_path(str(ca))
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(str(own))
    return ca, own


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
def endpoint(plan: Plan) -> Iterator[int]:
    """Start endpoints in a process of their own, and return their port."""
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
