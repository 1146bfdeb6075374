"""Run the emulator as a child process, which ends with its parent."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from local.emulator import clients

_PROJECT = Path(__file__).resolve().parents[2]
_START_SECONDS = 300
_STOP_SECONDS = 5
_REQUEST_SECONDS = 30
# The child does not see the developer's credentials, profiles and proxies.
_INHERITED = ("LANG", "LC_ALL", "LC_CTYPE", "PATH")


class EmulatorFailed(RuntimeError):
    """The emulator did not start; the message ends with the tail of its log."""


class Emulator:
    """A running emulator, reachable from this machine only.

    Create it with `Emulator.started()`. The child process reads from a pipe whose
    other end is here: however this process ends, the pipe closes, and the child
    ends with its Lambda environments and removes its data.
    """

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self.endpoint = f"http://localhost:{port}"
        self.log = log

    @classmethod
    @contextlib.contextmanager
    def started(
        cls,
        *,
        wait_scale: float = 0.0,
        auth: bool = False,
        port: int = 0,
        environments: int = 8,
        without: Sequence[str] = (),
        verbose: bool = False,
    ) -> Iterator["Emulator"]:
        """Run an emulator for the duration of a `with` block.

        `wait_scale` multiplies Wait states, waits for a token and the pauses
        between retries; 0 skips them. `auth` puts IAM in force: signatures and
        policies. `port` 0 selects a free port.
        `environments` limits the Lambda processes of all functions together.
        `without` names corrections to leave out. `verbose` writes the log to
        stderr instead of `Emulator.log`.

        Raises EmulatorFailed when it does not start.
        """
        data = Path(tempfile.mkdtemp(prefix="verdict-courier-emulator-"))
        log = data / "emulator.log"
        settings = {
            "auth": auth,
            "data": str(data),
            "environments": environments,
            "port": port,
            "wait_scale": wait_scale,
            "without": list(without),
        }
        process = _spawn(settings, None if verbose else log)
        try:
            emulator = cls(_read_port(process, log), log)
            emulator._check_health()
            yield emulator
        finally:
            _stop(process)
            shutil.rmtree(data, ignore_errors=True)

    def client(self, service: str) -> Any:  # noqa: ANN401 - see clients.client
        """Return a boto3 client of one service, with invented credentials."""
        return clients.client(self.endpoint, service)

    def set_wait_scale(self, scale: float) -> None:
        """Change the length of Wait states, in running executions as well."""
        self._post("/_ministack/config", {"stepfunctions._SFN_WAIT_SCALE": scale})

    def _check_health(self) -> None:
        with _opener().open(
            f"{self.endpoint}/_ministack/health", timeout=_REQUEST_SECONDS
        ):
            pass

    def _post(self, path: str, body: dict[str, float]) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own http endpoint
            self.endpoint + path, json.dumps(body).encode(), method="POST"
        )
        with _opener().open(request, timeout=_REQUEST_SECONDS):
            pass


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that ignores the environment's proxy settings."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _spawn(settings: dict[str, Any], log: Path | None) -> "subprocess.Popen[str]":
    with contextlib.ExitStack() as opened:
        return subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-m", "local.emulator.server", json.dumps(settings)],
            cwd=_PROJECT,
            env={name: os.environ[name] for name in _INHERITED if name in os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=opened.enter_context(log.open("w")) if log else None,
            text=True,
            start_new_session=True,
        )


def _read_port(process: "subprocess.Popen[str]", log: Path) -> int:
    """Read the port from the first line that the child prints."""
    assert process.stdout is not None  # noqa: S101 - a pipe, see _spawn
    printed, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
    line = process.stdout.readline() if printed else ""
    if not line.strip().isdigit():
        tail = log.read_text().splitlines()[-20:] if log.exists() else []
        raise EmulatorFailed("\n".join(["the emulator did not start:", *tail]))
    return int(line)


def _stop(process: "subprocess.Popen[str]") -> None:
    """Close the pipe, which makes the child end; kill the child if it does not."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
