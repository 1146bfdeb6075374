"""Plugin: run, in one session of pytest, the tests that should notice each mutant."""

import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType

import coverage
import pytest

from tools.mutants.covered import Run, RunStore
from tools.mutants.mutation import Mutant
from tools.mutants.swap import NotSwappable, swapped
from tools.mutants.verdict import State, Verdict, VerdictLog

#: A test under a mutant may take this much longer than without.
_PATIENCE = 5.0
_LEAST_SECONDS = 3.0
_MOST_SECONDS = 120.0


class TestTookTooLong(BaseException):
    """The mutant made a test run on and on, which is one way to notice it.

    No code that catches all errors may catch it.
    """

    __test__ = False


class _Between(pytest.Item):
    """An item that nobody runs: up to it, only the session's fixtures stay."""

    def runtest(self) -> None:
        raise NotImplementedError


class MutantPlugin:
    """Runs the tests once to see what each covers, then those of each mutant.

    A mutant counts as noticed if a test fails with it, passes without it, and fails
    with it again. All share one process and its session fixtures, so that a mutant
    costs no more than its tests; the fixtures of modules are made anew for each test.
    """

    def __init__(
        self,
        mutants: Sequence[Mutant],
        *,
        share: tuple[int, int],
        store: RunStore,
        log: VerdictLog,
        earlier: Mapping[str, str],
    ) -> None:
        """Judge the mutants; `share`: measure this part of so many.

        `earlier` has the test that noticed a mutant in an earlier run, by its name: it
        runs first.
        """
        self._mutants = mutants
        self._number, self._of = share
        self._store = store
        self._log = log
        self._earlier = earlier
        self._seconds: dict[str, float] = {}
        self._kills: dict[str, int] = defaultdict(int)
        #: The tests that run a line, by file and line.
        self._covering: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._failed = self._late = False  # the test that ran last
        self._limit = _MOST_SECONDS

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
        """Measure a share of the tests, wait for the others, then judge the mutants."""
        self._between = _Between.from_parent(session, name="between")
        self._items = {item.nodeid: item for item in session.items}
        signal.signal(signal.SIGALRM, self._take_too_long)
        files = [
            (path, list(items))
            for path, items in groupby(session.items, key=lambda item: item.path)
        ]
        for path, items in files[self._number :: self._of]:
            if self._store.read(path) is None:
                self._store.write(path, self._measured(items))
        for path, _ in files:
            self._learn(path)
        while (number := self._log.next_number()) < len(self._mutants):
            self._log.write(self._judge(self._mutants[number]))
        session.items.clear()
        return True

    def _measured(self, items: list[pytest.Item]) -> list[Run]:
        """Run the tests of a file; return the time and the lines of each."""
        paths = {module: str(Path(module).resolve()) for module in self._store.modules}
        measured = coverage.Coverage(
            data_file=None, include=list(paths.values()), config_file=False
        )
        measured.set_option("run:disable_warnings", ["no-data-collected"])
        ran = {}
        measured.start()
        try:
            for item in items:
                measured.switch_context(item.nodeid)
                started = time.monotonic()
                passes = self._passes(item.nodeid, seconds=_MOST_SECONDS)
                ran[item.nodeid] = passes, time.monotonic() - started
        finally:
            measured.stop()
        lines: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for module, path in paths.items():
            for line, tests in measured.get_data().contexts_by_lineno(path).items():
                for nodeid in tests:
                    lines[nodeid][module].append(line)
        return [
            Run(
                nodeid=nodeid, passes=passes, seconds=seconds, lines=dict(lines[nodeid])
            )
            for nodeid, (passes, seconds) in ran.items()
        ]

    def _learn(self, path: Path) -> None:
        while (runs := self._store.read(path)) is None:
            time.sleep(1)  # another process measures it
        for run in runs:
            self._seconds[run.nodeid] = run.seconds
            if not run.passes:
                self._items.pop(run.nodeid, None)
                self._log.note(f"fails without any mutant: {run.nodeid}")
            for module, lines in run.lines.items():
                for line in lines:
                    self._covering[module, line].add(run.nodeid)

    def _judge(self, mutant: Mutant) -> Verdict:
        try:
            with swapped(mutant):
                pass
        except NotSwappable as error:
            return Verdict(mutant.name, State.SKIPPED, str(error))
        tests = self._tests_of(mutant)
        for nodeid in tests:
            if state := self._noticed(mutant, nodeid):
                self._kills[nodeid] += 1
                return Verdict(mutant.name, state, nodeid)
        return Verdict(mutant.name, State.SURVIVED, f"{len(tests)} tests")

    def _noticed(self, mutant: Mutant, nodeid: str) -> State | None:
        limit = max(_LEAST_SECONDS, self._seconds[nodeid] * _PATIENCE)
        if not self._fails_with(mutant, nodeid, limit):
            return None
        # What the mutant left behind may disturb the test once.
        for _ in range(2):
            started = time.monotonic()
            if self._passes(nodeid, seconds=_MOST_SECONDS):
                break
        else:
            self._items.pop(nodeid)
            self._log.note(f"disturbed by {mutant.name}: {nodeid}")
            return None
        # How long it takes now, whatever else the machine does.
        limit = max(limit, (time.monotonic() - started) * _PATIENCE)
        if not self._fails_with(mutant, nodeid, limit):
            return None
        return State.TIMED_OUT if self._late else State.NOTICED

    def _tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that run the mutant, the likeliest to notice it first."""
        tests: set[str] = set()
        if not mutant.is_constant:
            tests |= self._covering[str(mutant.path), mutant.line]
        if not tests:  # a line within an expression has no code of its own
            for line in mutant.scope:
                tests |= self._covering[str(mutant.path), line]
        earlier = self._earlier.get(mutant.name)
        return sorted(
            tests & self._items.keys(),
            key=lambda nodeid: (
                nodeid != earlier,
                self._seconds[nodeid] / (1 + min(self._kills[nodeid], 9)),
            ),
        )

    def _fails_with(self, mutant: Mutant, nodeid: str, limit: float) -> bool:
        with swapped(mutant):
            return not self._passes(nodeid, seconds=limit)

    def _passes(self, nodeid: str, *, seconds: float) -> bool:
        self._failed = self._late = False
        self._limit = seconds
        item = self._items[nodeid]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=self._between)
        return not self._failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note whether the test that runs has failed."""
        self._failed |= report.failed

    # The time is limited in each phase of a test, because pytest reports what is raised
    # in a phase, and ends with what is raised between two of them.

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        """Limit the time to prepare a test."""
        with self._limited():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """Limit the time of a test."""
        with self._limited():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Iterator[None]:
        """Limit the time to clean up after a test."""
        with self._limited():
            return (yield)

    @contextmanager
    def _limited(self) -> Iterator[None]:
        signal.setitimer(signal.ITIMER_REAL, self._limit)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _take_too_long(self, _signal: int, _frame: FrameType | None) -> None:
        self._late = True
        raise TestTookTooLong
