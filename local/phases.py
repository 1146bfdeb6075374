"""Show which phase a command is in, and for how many seconds, without long silences.

It needs the standard library only, so that it can run before anything is installed:
`python -m local.phases PHASE COMMAND …` shows a phase while a command runs.
"""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TextIO

#: In a pipe, a line follows the one before after this many seconds at the latest.
QUIET_SECONDS = 3.0
_TICK_SECONDS = 0.5


class Phases:
    """The phases of a command, each with its seconds; create it with `shown`.

    In a terminal, the line of the current phase is written anew at each tick; into a
    pipe goes a line at the beginning, then one after each few quiet seconds.
    """

    def __init__(
        self, out: TextIO, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out, self._clock = out, clock
        self._redraws = out.isatty()
        self._lock = threading.Lock()
        self._phase = self._detail = ""
        self._began_at = self._shown_at = clock()

    def begin(self, phase: str, detail: str = "") -> None:
        """Enter a phase, or say more about the one that is current."""
        with self._lock:
            self._detail = detail
            if phase != self._phase:
                self._finish("✓")
                self._phase, self._began_at = phase, self._clock()
                self._show()

    def tick(self) -> None:
        """Show the seconds again, if it is time to."""
        with self._lock:
            quiet = self._clock() - self._shown_at
            if self._phase and (self._redraws or quiet >= QUIET_SECONDS):
                self._show()

    def end(self, *, failed: bool = False) -> None:
        """Leave the current phase, if there is one."""
        with self._lock:
            self._finish("✗" if failed else "✓")
            self._phase = ""

    def _finish(self, sign: str) -> None:
        if self._phase:
            seconds = self._clock() - self._began_at
            self._write(f"{sign} {self._phase}, {seconds:.0f} s", ends=True)

    def _show(self) -> None:
        seconds = int(self._clock() - self._began_at)
        parts = [f"{seconds} s" if seconds else "", self._detail]
        more = ", ".join(filter(None, parts))
        self._write(f"  {self._phase} … {more}".rstrip(), ends=not self._redraws)

    def _write(self, line: str, *, ends: bool) -> None:
        if self._redraws:  # over the line before, which was in the same place
            line = f"\r\x1b[2K{line[: shutil.get_terminal_size().columns - 1]}"
        self._out.write(line + "\n" * ends)
        self._out.flush()
        self._shown_at = self._clock()


@contextmanager
def shown(out: TextIO) -> Iterator[Phases]:
    """Show phases until the block ends; if it raises, the current one has failed."""
    phases, stopped = Phases(out), threading.Event()

    def tick() -> None:
        while not stopped.wait(_TICK_SECONDS):
            phases.tick()

    thread = threading.Thread(target=tick, name="phases", daemon=True)
    thread.start()
    failed = True
    try:
        yield phases
        failed = False
    finally:
        stopped.set()
        thread.join()
        phases.end(failed=failed)


def accept_any_text() -> None:
    """Let output replace characters of ours that its encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def main(arguments: Sequence[str]) -> int:
    """Run a command in a phase, and return its exit code."""
    phase, *command = arguments
    accept_any_text()
    with shown(sys.stdout) as phases:
        phases.begin(phase)
        try:
            code = subprocess.call(command)  # noqa: S603 - the caller's own
        except KeyboardInterrupt:
            code = 130
        phases.end(failed=code != 0)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
