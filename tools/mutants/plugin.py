"""Plugin: run, in one session of pytest, the tests that should notice each mutant."""

import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import coverage
import pytest

from tools.mutants.mutation import Mutant
from tools.mutants.swap import NotSwappable, swapped

#: A test under a mutant may take this much longer than without.
_PATIENCE = 5.0
_LEAST_SECONDS = 3.0


class TestTookTooLong(Exception):
    """The mutant made a test run on and on, which is one way to notice it."""

    __test__ = False


class _Between(pytest.Item):
    """An item that nobody runs: up to it, only the session's fixtures stay."""

    def runtest(self) -> None:
        raise NotImplementedError


class MutantPlugin:
    """Runs the selected tests once to see what each covers, then against each mutant.

    A mutant counts as noticed if a test fails with it, fails again with it, and passes
    without it. All share one process and its session fixtures, so that a mutant costs
    no more than its tests; the fixtures of modules are made anew for each test.
    """

    def __init__(self, mutants: Sequence[Mutant], *, report: Path) -> None:
        self._mutants = mutants
        self._report = report
        self._seconds: dict[str, float] = {}
        self._kills: dict[str, int] = defaultdict(int)
        #: The tests that run a line, by file and line.
        self._covering: dict[tuple[str, int], list[str]] = {}
        self._failed = False  # the test that ran last

    def pytest_collection(self) -> None:
        """Make hypothesis repeatable and quick: no shrinking, no memory."""
        from hypothesis import Phase, settings  # noqa: PLC0415 - pytest wants to rewrite it first

        settings.register_profile(
            "mutants",
            parent=settings.get_profile("repeatable"),
            phases=(Phase.explicit, Phase.generate),
            database=None,
        )
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests, then the mutants; write a line of JSON for each."""
        self._between = _Between.from_parent(session, name="between")
        self._items = {item.nodeid: item for item in session.items}
        signal.signal(signal.SIGALRM, _take_too_long)
        with self._report.open("a") as report:
            failing = self._measure()
            _write(report, {"tests": len(self._items), "failing": sorted(failing)})
            for nodeid in failing:
                del self._items[nodeid]
            for number, mutant in enumerate(self._mutants):
                started = time.monotonic()
                result = self._judge(mutant)
                seconds = round(time.monotonic() - started, 2)
                _write(report, {"mutant": number, "seconds": seconds, **result})
        session.items.clear()
        return True

    def _measure(self) -> set[str]:
        """Run each test alone; note its time and lines, and return which fail."""
        paths = sorted({str(mutant.path.resolve()) for mutant in self._mutants})
        measured = coverage.Coverage(data_file=None, include=paths, config_file=False)
        failing = set()
        measured.start()
        try:
            for nodeid in self._items:
                measured.switch_context(nodeid)
                started = time.monotonic()
                if not self._passes(nodeid, seconds=120.0):
                    failing.add(nodeid)
                self._seconds[nodeid] = time.monotonic() - started
        finally:
            measured.stop()
        data = measured.get_data()
        for path in paths:
            for line, contexts in data.contexts_by_lineno(path).items():
                self._covering[path, line] = [name for name in contexts if name]
        return failing

    def _judge(self, mutant: Mutant) -> dict[str, Any]:
        try:
            with swapped(mutant):
                pass
        except NotSwappable as error:
            return {"state": "skipped", "by": str(error)}
        tests = self._tests_of(mutant)
        for nodeid in tests:
            limit = max(_LEAST_SECONDS, self._seconds[nodeid] * _PATIENCE)
            if self._fails_with(mutant, nodeid, limit) and (
                self._fails_with(mutant, nodeid, limit)
            ):
                if not self._passes(nodeid, seconds=120.0):
                    # What the mutant left behind disturbs the test, or it is unsteady.
                    self._items.pop(nodeid)
                    continue
                self._kills[nodeid] += 1
                return {"state": "noticed", "by": nodeid}
        return {"state": "survived" if tests else "unreached", "by": ""}

    def _tests_of(self, mutant: Mutant) -> list[str]:
        path = str(mutant.path.resolve())
        lines: tuple[int, ...] = (mutant.line,)
        if mutant.is_constant:
            lines = tuple(line for file, line in self._covering if file == path)
        tests = {
            nodeid
            for line in lines
            for nodeid in self._covering.get((path, line), ())
            if nodeid in self._items
        }
        # Those that noticed others are likely to notice this one, too; then the quick.
        return sorted(
            tests,
            key=lambda nodeid: (
                self._seconds[nodeid] / (1 + min(self._kills[nodeid], 9))
            ),
        )

    def _fails_with(self, mutant: Mutant, nodeid: str, limit: float) -> bool:
        with swapped(mutant):
            return not self._passes(nodeid, seconds=limit)

    def _passes(self, nodeid: str, *, seconds: float) -> bool:
        with _limit(seconds):
            self._failed = False
            item = self._items[nodeid]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=self._between)
        return not self._failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note whether the test that runs has failed."""
        self._failed |= report.failed


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except TestTookTooLong:
        pytest.exit("a test took too long outside of its phases", returncode=70)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _take_too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TestTookTooLong


def _write(report: Any, values: dict[str, Any]) -> None:  # noqa: ANN401 - a text file
    report.write(json.dumps({"pid": os.getpid(), **values}) + "\n")
    report.flush()
