"""Mutants: the driver changes the running code, and knows when a test notices."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tools.mutants.mutation import Mutant, mutants_of
from tools.mutants.swap import NotSwappable, swapped

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
