"""The emulator starts fast, stays on this machine, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.emulator import registry
from local.emulator.process import Emulator, EmulatorFailed
from tests.emulator import functions
from tests.emulator.polling import until

PROJECT = Path(__file__).parents[2]
# Prints the ids of the emulator's and of a function's process, then is idle.
PARENT = """
import os, sys, time
from local.emulator.process import Emulator
from tests.emulator import functions

with Emulator.started() as emulator:
    name = functions.create(
        emulator,
        "import os\\ndef handler(e, c): return os.getpid(), os.getppid()",
    )
    print(*functions.call(emulator, name), emulator.log.parent, flush=True)
    time.sleep(60)
"""


def test_a_killed_parent_leaves_nothing_behind() -> None:
    """A test run that is killed must not leave processes or files."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        function, emulator, data = parent.stdout.readline().split()
        parent.kill()

    until(lambda: not _alive(int(function)) and not _alive(int(emulator)))
    until(lambda: not Path(data).exists())


def test_the_end_of_the_block_leaves_nothing_behind() -> None:
    """The ordinary way out."""
    with Emulator.started() as emulator:
        source = "import os\ndef handler(e, c): return os.getpid()"
        pid = functions.call(emulator, functions.create(emulator, source))
        data = emulator.log.parent

    until(lambda: not _alive(pid))
    assert not data.exists()


def test_it_listens_on_loopback_only(emulator: Emulator) -> None:
    """It has no authentication worth the name."""
    # Whoever listens on every address answers here too; macOS lacks this one.
    with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
        socket.create_connection(("127.0.0.2", emulator.port), timeout=1)


def test_a_taken_port_is_an_error_that_says_so() -> None:
    """With the reason, not with a time-out."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(EmulatorFailed, match="Address already in use"),
        Emulator.started(port=taken.getsockname()[1]),
    ):
        pass


def test_an_unknown_correction_is_an_error() -> None:
    """A misspelt name must not pass for a correction left out."""
    with (
        pytest.raises(EmulatorFailed, match="no such correction: misspelt"),
        Emulator.started(without=["misspelt"]),
    ):
        pass


def test_the_command_prints_its_endpoint_and_ends_on_request() -> None:
    """The way to try things by hand."""
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


def test_every_correction_is_held_by_a_test() -> None:
    """`--leave-out` can show for each of them that its tests fail without it."""
    tests = [file.read_text() for file in Path(__file__).parent.glob("test_*.py")]

    held = {
        name
        for name in registry.names()
        if any(f'holds("{name}")' in source for source in tests)
    }

    assert held == set(registry.names())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Ended, but not yet waited for by whoever inherited it.
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
