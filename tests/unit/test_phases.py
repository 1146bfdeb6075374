"""Whoever starts the local stack sees what it does, and that it goes on."""

import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from local import phases
from local.phases import Phases

_ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    """Text that was written to a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


@dataclass
class Shown:
    """What was shown when, by a clock that only this test advances."""

    out: io.StringIO
    now: float = 0.0
    at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.phases = Phases(self.out, clock=lambda: self.now)

    def pass_time(self, seconds: float) -> None:
        """Let time pass in the ticks of `shown`."""
        end = self.now + seconds
        while self.now < end:
            self.now += phases._TICK_SECONDS
            before = self.out.tell()
            self.phases.tick()
            if self.out.tell() > before:
                self.at.append(self.now)


@pytest.mark.parametrize("out", [io.StringIO, Terminal], ids=["pipe", "terminal"])
def test_no_silence_is_long(out: type[io.StringIO]) -> None:
    """A phase of minutes looks like one that hangs."""
    shown = Shown(out())
    shown.phases.begin("Synthesizing")

    shown.pass_time(120.0)

    assert max(b - a for a, b in pairwise([0.0, *shown.at])) <= 5.0


def test_a_pipe_gets_a_line_for_each_phase_and_each_few_seconds() -> None:
    """What CI keeps should say how long each phase took, and not be too long."""
    shown = Shown(io.StringIO())
    shown.phases.begin("Synthesizing")
    shown.pass_time(4.0)
    shown.phases.begin("Deploying", "")
    shown.phases.begin("Deploying", "7 of 9 resources")
    shown.pass_time(3.0)
    shown.phases.end()
    shown.phases.end()

    assert shown.out.getvalue().splitlines() == [
        "  Synthesizing …",
        "  Synthesizing … 3 s",
        "✓ Synthesizing, 4 s",
        "  Deploying …",
        "  Deploying … 3 s, 7 of 9 resources",
        "✓ Deploying, 3 s",
    ]


def test_a_terminal_has_one_line_for_each_phase(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line of the current phase is written over, and never wraps."""
    monkeypatch.setenv("COLUMNS", "24")
    shown = Shown(Terminal())
    shown.phases.begin("Deploying it to the emulator")
    shown.pass_time(10.0)
    shown.phases.end(failed=True)

    lines = shown.out.getvalue().split("\r\x1b[2K")[1:]
    assert all(len(line.rstrip("\n")) <= 23 for line in lines)
    assert [line for line in lines if line.endswith("\n")] == [
        "✗ Deploying it to the e\n"
    ]


def test_a_phase_that_raises_has_failed() -> None:
    """The sentence about the failure follows the phase in which it happened."""
    out = io.StringIO()

    with suppress(KeyError), phases.shown(out) as shown:
        shown.begin("Deploying")
        raise KeyError

    assert out.getvalue() == "  Deploying …\n✗ Deploying, 0 s\n"


@pytest.fixture(params=["pipe", "terminal"])
def output(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Yield both ends of a pipe, and of a terminal."""
    reading, writing = pty.openpty() if request.param == "terminal" else os.pipe()
    yield reading, writing
    os.close(reading)


def test_the_seconds_of_a_command_are_shown(output: tuple[int, int]) -> None:
    """`make` installs the tools in silence, which takes minutes at first."""
    reading, writing = output
    command = [sys.executable, "-c", "import sys; sys.exit(3)"]

    with subprocess.Popen(
        [sys.executable, "-m", "local.phases", "Installing", *command],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": "", "PYTHONIOENCODING": "ascii"},
        stdout=writing,
    ) as running:
        os.close(writing)
        first = os.read(reading, 100)
        code = running.wait()

    assert b"Installing ?" in first
    assert code == 3
