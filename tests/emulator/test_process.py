"""The emulator process serves this machine only, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.emulator.process import Emulator, EmulatorFailed
from tests.emulator import functions
from tests.emulator.polling import wait_for

PROJECT = Path(__file__).parents[2]
# Prints the process ids of a function and of the emulator and the directory of its
# data, then sleeps.
PARENT_PROGRAM = """
import os, sys, time
from local.emulator.process import Emulator
from tests.emulator import functions

with Emulator.started() as emulator:
    name = functions.create(
        emulator,
        "import os\\ndef handler(e, c): return os.getpid(), os.getppid()",
    )
    print(*functions.invoke(emulator, name), emulator.log.parent, flush=True)
    time.sleep(60)
"""


def test_killed_parent_leaves_nothing_behind() -> None:
    """A test run that is killed must not leave processes or files."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT_PROGRAM],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        function, emulator, data = parent.stdout.readline().split()
        parent.kill()

    wait_for(lambda: not _is_running(int(function)) and not _is_running(int(emulator)))
    wait_for(lambda: not Path(data).exists())


def test_end_of_the_block_leaves_nothing_behind() -> None:
    """An ordinary end must not leave processes or files."""
    with Emulator.started() as emulator:
        source = "import os\ndef handler(e, c): return os.getpid()"
        pid = functions.invoke(emulator, functions.create(emulator, source))
        data = emulator.log.parent

    wait_for(lambda: not _is_running(pid))
    assert not data.exists()


def test_listens_on_loopback_only(emulator: Emulator) -> None:
    """The emulator has no real authentication."""
    # A server that listens on every address accepts this one; macOS lacks it.
    with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
        socket.create_connection(("127.0.0.2", emulator.port), timeout=1)


def test_port_in_use_is_reported() -> None:
    """The error has the reason, and comes before any time-out."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(EmulatorFailed, match="Address already in use"),
        Emulator.started(port=listener.getsockname()[1]),
    ):
        pass


def test_unknown_correction_is_an_error() -> None:
    """A misspelt name would otherwise leave nothing out."""
    with (
        pytest.raises(EmulatorFailed, match="no such correction: misspelt"),
        Emulator.started(without=["misspelt"]),
    ):
        pass


def test_command_prints_its_endpoint_and_ends_on_request() -> None:
    """A person uses the command to try things by hand."""
    with subprocess.Popen(
        [sys.executable, "-m", "local.emulator", "--wait-scale", "0"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        assert command.stdout.readline().startswith("http://localhost:")

        command.send_signal(signal.SIGTERM)

        assert command.wait(10) == 0


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie has ended, but its new parent has not waited for it yet.
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
