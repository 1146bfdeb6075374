"""Mutants: the driver changes the running code, and knows when a test notices."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tools.mutants.__main__ import EQUIVALENT, MODULES
from tools.mutants.covered import Run, RunStore
from tools.mutants.mutation import Mutant, mutants_of
from tools.mutants.swap import NotSwappable, swapped
from tools.mutants.verdict import State, Verdict, VerdictLog

SOURCE = '''
"""Sample: what a module looks like."""

from functools import cache

LIMIT = 3


def allows(number: int) -> bool:
    """Return whether a number is below the limit."""
    return number < LIMIT and number != 1


class Counter:
    """Counts."""

    count = 0

    @classmethod
    @cache
    def least(cls) -> int:
        """Return the least count."""
        return 5

    def add(self, *, step: int = 1) -> None:
        """Add a step."""
        self.count += step
'''


@pytest.fixture
def sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, ModuleType]]:
    """Return the path and the module of SOURCE."""
    (tmp_path / "sample_module.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import sample_module  # type: ignore[import-not-found]  # noqa: PLC0415 - it exists from here on

    yield Path("sample_module.py"), sample_module
    del sys.modules["sample_module"]


def _changes(path: Path) -> dict[str, Mutant]:
    return {
        f"{mutant.function}: {mutant.change}": mutant for mutant in mutants_of(path)
    }


def test_every_kind_of_change_is_found(sample: tuple[Path, ModuleType]) -> None:
    """A change that is never tried says nothing about the tests."""
    assert set(_changes(sample[0])) == {
        "LIMIT: 4 for 3",
        "allows: `return None` for `return number < LIMIT and number != 1`",
        "allows: `number < LIMIT and number != 1` with Or",
        "allows: `number < LIMIT` with LtE",
        "allows: `number != 1` with Eq",
        "allows: 2 for 1",
        "Counter.least: `return None` for `return 5`",
        "Counter.least: 6 for 5",
        "Counter.add: without `self.count += step`",
    }


def test_every_change_can_be_put_in(sample: tuple[Path, ModuleType]) -> None:
    """One that cannot is left out of the score, which is then too good."""
    for name, mutant in _changes(sample[0]).items():
        with swapped(mutant):
            assert name


def test_equal_changes_of_a_function_have_names_of_their_own(tmp_path: Path) -> None:
    """Of two equal ones only one may be listed as equivalent."""
    (path := tmp_path / "m.py").write_text("def f():\n    return 1, 1\n")

    names = [mutant.name for mutant in mutants_of(path)]

    assert len(names) == len(set(names)) == 5
    assert f"{path}::f: 2 for 1 (2)" in names


def test_a_constant_reaches_the_functions_that_read_it(
    sample: tuple[Path, ModuleType],
) -> None:
    """Only their tests can notice another value."""
    scope = _changes(sample[0])["LIMIT: 4 for 3"].scope

    lines = SOURCE.splitlines()
    assert lines[scope[0] - 1].startswith("def allows")
    assert lines[scope[-1] - 1].startswith("    return number")


def test_what_a_test_ran_is_forgotten_when_the_test_or_a_module_changes(
    sample: tuple[Path, ModuleType],
) -> None:
    """Mutants would otherwise meet tests that do not run them."""
    module = sample[0]
    (test_file := Path("test_sample.py")).write_text("before")
    run = Run(nodeid="a", passes=True, seconds=0.5, lines={str(module): [1]})

    def store() -> RunStore:
        return RunStore(Path("cache"), [str(module)])

    assert store().read(test_file) is None
    store().write(test_file, [run])
    assert store().read(test_file) == [run]
    test_file.write_text("after")
    assert store().read(test_file) is None
    test_file.write_text("before")
    module.write_text(f"{SOURCE}#")
    assert store().read(test_file) is None


def test_verdicts_are_kept_apart_from_notes(tmp_path: Path) -> None:
    """A run that was interrupted leaves the ones that it has."""
    log = VerdictLog(tmp_path / "log")
    verdict = Verdict("m", State.TIMED_OUT, "test")
    assert list(log.verdicts()) == []

    log.note("look")
    log.write(verdict)

    assert (list(log.verdicts()), list(log.notes())) == ([verdict], ["look"])
    log.remove()
    assert list(tmp_path.iterdir()) == []


def test_each_mutant_is_judged_by_one_process(tmp_path: Path) -> None:
    """The quick ones must not wait for those that meet slow tests."""
    logs = [VerdictLog(tmp_path / "log") for _ in range(2)]

    assert [log.next_number() for log in logs * 2] == [0, 1, 2, 3]
    logs[0].remove()
    assert logs[1].next_number() == 0


def test_a_mutant_acts_until_it_is_taken_out(sample: tuple[Path, ModuleType]) -> None:
    """Also behind decorators and caches; and afterwards all is as before."""
    path, module = sample
    changes = _changes(path)

    def seen() -> tuple[bool, int]:
        return module.allows(3), module.Counter.least()

    assert seen() == (False, 5)
    for name, expected in {
        "LIMIT: 4 for 3": (True, 5),
        "allows: `number < LIMIT` with LtE": (True, 5),
        "Counter.least: 6 for 5": (False, 6),
    }.items():
        with swapped(changes[name]):
            assert seen() == expected, name
        assert seen() == (False, 5), name


def test_a_mutant_whose_function_is_gone_is_refused(
    sample: tuple[Path, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would count as noticed, or as survived, without having acted."""
    path, module = sample
    mutant = _changes(path)["allows: 2 for 1"]
    monkeypatch.setattr(module, "allows", len)

    with pytest.raises(NotSwappable), swapped(mutant):
        pass


@pytest.mark.parametrize("name", json.loads(EQUIVALENT.read_text()))
def test_an_equivalent_mutant_exists(name: str) -> None:
    """A reason for a mutant that is no more would stop the next full run."""
    path = Path(name.partition("::")[0])

    assert path.as_posix() in MODULES
    assert name in {mutant.name for mutant in mutants_of(path)}
