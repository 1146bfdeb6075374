"""Verdict: what the tests say of a mutant, written down as soon as it is known."""

import fcntl
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, auto
from pathlib import Path


class State(StrEnum):
    """What became of a mutant."""

    NOTICED = auto()
    TIMED_OUT = auto()  # noticed, as a test went on and on
    SURVIVED = auto()
    SKIPPED = auto()  # the running code cannot be changed so


@dataclass(frozen=True)
class Verdict:
    """What the tests said of a mutant; `by` is the test that noticed it."""

    mutant: str
    state: State
    by: str


@dataclass(frozen=True)
class VerdictLog:
    """A file with a line for each verdict, and for what else a reader should know."""

    path: Path

    def write(self, verdict: Verdict) -> None:
        """Add a verdict."""
        self._add([verdict.mutant, verdict.state, verdict.by])

    def note(self, text: str) -> None:
        """Add a line for the reader."""
        self._add([text])

    def _add(self, line: list[str]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def next_number(self) -> int:
        """Return a number that no other process gets: 0, 1, and so on."""
        with self._numbers.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write("x")
            file.flush()
            return file.tell() - 1

    def remove(self) -> None:
        """Remove the file."""
        for path in (self.path, self._numbers):
            path.unlink(missing_ok=True)

    @property
    def _numbers(self) -> Path:
        return self.path.with_suffix(".numbers")

    def verdicts(self) -> Iterator[Verdict]:
        """Return all verdicts."""
        for line in self._lines():
            if len(line) > 1:
                yield Verdict(line[0], State(line[1]), line[2])

    def notes(self) -> Iterator[str]:
        """Return all lines for the reader."""
        yield from (line[0] for line in self._lines() if len(line) == 1)

    def _lines(self) -> Iterator[list[str]]:
        if self.path.exists():
            for text in self.path.read_text().splitlines():
                yield json.loads(text)
