"""The emulator as a child process: started, asked, stopped, never left behind."""

import contextlib
import json
import os
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
_STOP_SECONDS = 5
_ANSWER_SECONDS = 30
# Credentials, profiles and proxies of the person at the keyboard stay out.
_INHERITED = ("LANG", "LC_ALL", "LC_CTYPE", "PATH")


class EmulatorFailed(RuntimeError):
    """The emulator did not start; the message ends with the end of its log."""


class Emulator:
    """A running emulator, reachable from this machine only.

    `Emulator.started()` is the way to get one. The child process reads from a
    pipe whose other end is here: however this process ends, the pipe closes, and
    the child goes, with its Lambda environments and its data.
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
        period_scale: float = 1.0,
        auth: bool = False,
        port: int = 0,
        environments: int = 8,
        without: Sequence[str] = (),
        verbose: bool = False,
    ) -> Iterator["Emulator"]:
        """Run an emulator for the length of a `with` block.

        `wait_scale` multiplies Wait states, waits for a token and the pauses
        between retries; 0 skips them. `period_scale` multiplies the periods of
        alarms; 0 makes them as short as they can be here, less than a second.
        `auth` enforces signatures and role policies. `port` 0 takes a free one.
        `environments` bounds the Lambda processes, all functions together.
        `without` leaves corrections out, by name. `verbose` lets the log through
        to stderr.
        """
        data = Path(tempfile.mkdtemp(prefix="verdict-courier-emulator-"))
        log = data / "emulator.log"
        settings = {
            "auth": auth,
            "data": str(data),
            "environments": environments,
            "period_scale": period_scale,
            "port": port,
            "wait_scale": wait_scale,
            "without": list(without),
        }
        process = _spawn(settings, None if verbose else log)
        try:
            emulator = cls(_announced_port(process, log), log)
            emulator._answers()
            yield emulator
        finally:
            _stop(process)
            shutil.rmtree(data, ignore_errors=True)

    def client(self, service: str) -> Any:  # noqa: ANN401 - see clients.client
        """A boto3 client of one service, with invented credentials."""
        return clients.client(self.endpoint, service)

    def set_wait_scale(self, scale: float) -> None:
        """Change, for executions under way too, how long Wait states last."""
        self._post("/_ministack/config", {"stepfunctions._SFN_WAIT_SCALE": scale})

    def set_period_scale(self, scale: float) -> None:
        """Change how long the periods of alarms last."""
        self._post("/_ministack/config", {"cloudwatch.PERIOD_SCALE": scale})

    def _answers(self) -> None:
        with _direct().open(
            f"{self.endpoint}/_ministack/health", timeout=_ANSWER_SECONDS
        ):
            pass

    def _post(self, path: str, body: dict[str, float]) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own http endpoint
            self.endpoint + path, json.dumps(body).encode(), method="POST"
        )
        with _direct().open(request, timeout=_ANSWER_SECONDS):
            pass


def _direct() -> urllib.request.OpenerDirector:
    """An opener that no proxy setting of the environment sends elsewhere."""
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


def _announced_port(process: "subprocess.Popen[str]", log: Path) -> int:
    """The first line the child prints, once it listens."""
    assert process.stdout is not None  # noqa: S101 - a pipe, see _spawn
    announced = process.stdout.readline()
    if not announced.strip().isdigit():
        tail = log.read_text().splitlines()[-20:] if log.exists() else []
        raise EmulatorFailed("\n".join(["the emulator did not start:", *tail]))
    return int(announced)


def _stop(process: "subprocess.Popen[str]") -> None:
    """Close the pipe, which asks the child to end; insist when it does not."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
