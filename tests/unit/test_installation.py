"""What runs the local stack is installed without what develops it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Imports modules as if only some packages were installed.
_IMPORT = """
import importlib, importlib.metadata, json, re, sys
from importlib.machinery import PathFinder
root, installed, modules = json.loads(sys.argv[1])
def normal(name):
    return re.sub("[-_.]+", "-", name).lower()
distributions = importlib.metadata.packages_distributions()
class OnlyInstalled(PathFinder):
    @classmethod
    def find_spec(cls, name, *arguments):
        brought_by = set(map(normal, distributions.get(name, [])))
        hidden = brought_by and not brought_by & set(installed)
        return None if hidden else super().find_spec(name, *arguments)
sys.meta_path[sys.meta_path.index(PathFinder)] = OnlyInstalled
sys.path[:0] = [root, f"{root}/client"]
for module in modules:
    importlib.import_module(module)
"""
#: A `python3` for make that notes what it would run and runs none of it.
_NOTING = """#!/bin/sh
echo "$@" >> "$NOTES"
"""
#: Only tests and benchmarks have handlers in their own process, which need Powertools.
_NOT_RUN = "local.lambda_invocation"
_RUN_LOCK, _LOCK = "local/requirements.lock", "requirements.lock"


def pins(lock: str) -> dict[str, str]:
    """Return what a lock file says of each package, without the reasons for it."""
    text = (ROOT / lock).read_text("utf-8")
    lines = re.sub(r"(?m)^ *#.*\n", "", text).replace("\\\n", " ")
    return {line.partition("==")[0]: line for line in lines.splitlines()}


def modules() -> list[str]:
    """Return the names of all modules of the local stack and of the client."""
    names = [
        path.relative_to(base).as_posix().removesuffix(".py").replace("/", ".")
        for base, package in ((ROOT, "local"), (ROOT / "client", "verdict_courier"))
        for path in sorted((base / package).rglob("*.py"))
        if path.name != "__init__.py"
    ]
    return [name for name in names if name != _NOT_RUN]


def test_what_runs_is_a_part_of_what_develops() -> None:
    """A developer must not find a fault in other versions than a newcomer has."""
    run, develop = pins(_RUN_LOCK), pins(_LOCK)

    assert run
    assert {name: develop.get(name) for name in run} == run


def test_the_lock_file_to_run_names_what_the_project_names() -> None:
    """Whoever adds a package to the project has to lock it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    names = [re.split("[<>=]", line)[0] for line in project["dependency-groups"]["run"]]

    assert names
    assert set(names) <= pins(_RUN_LOCK).keys()


def test_the_local_stack_imports_only_what_runs_it() -> None:
    """What a developer has installed hides what a newcomer lacks."""
    arguments = json.dumps([str(ROOT), list(pins(_RUN_LOCK)), modules()])

    done = subprocess.run(
        [sys.executable, "-P", "-c", _IMPORT, arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


class Checkout:
    """A folder with the Makefile, whose Python notes what make would run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.copy(ROOT / "Makefile", folder)
        for name in ("local", ".venv", ".venv/bin"):
            (folder / name).mkdir()
        for lock in (_RUN_LOCK, _LOCK):
            self.touch(lock, seconds=0)
        for program in ("python3", ".venv/bin/python"):
            path = folder / program
            path.write_text(_NOTING)
            path.chmod(0o755)

    def touch(self, name: str, *, seconds: int) -> None:
        """Let a file be from a time; what make writes is newer."""
        (self._folder / name).touch()
        os.utime(self._folder / name, (seconds, seconds))

    def make(self, target: str) -> list[str]:
        """Run make, and return the lock files that were installed."""
        notes = self._folder / "notes"
        notes.write_text("")
        subprocess.run(
            [
                "/usr/bin/env",
                "make",
                "--silent",
                target,
                f"PYTHON={self._folder / 'python3'}",
            ],
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "NOTES": str(notes)},
            capture_output=True,
            text=True,
            check=True,
        )
        return re.findall(r"install .* -r (\S+)$", notes.read_text(), re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a checkout in which nothing is installed."""
    return Checkout(tmp_path)


def test_the_demo_installs_what_it_runs_once(checkout: Checkout) -> None:
    """A newcomer waits for nothing else."""
    assert checkout.make("demo") == [_RUN_LOCK]
    assert checkout.make("up") == []


def test_development_installs_the_rest(checkout: Checkout) -> None:
    """The demo that was there first does not stand in for it."""
    checkout.make("demo")

    assert checkout.make("bench") == [_LOCK]
    assert checkout.make("demo") == []


def test_an_earlier_checkout_installs_nothing(checkout: Checkout) -> None:
    """It has all tools, and one mark for them."""
    checkout.touch(".venv/.ready", seconds=1)

    assert checkout.make("demo") == []
    assert checkout.make("bench") == []


def test_a_newer_lock_file_is_installed(checkout: Checkout) -> None:
    """The versions of an old one are no longer those that were tested."""
    checkout.make("develop")
    later = 2**33
    checkout.touch(_RUN_LOCK, seconds=later)
    checkout.touch(_LOCK, seconds=later)

    assert checkout.make("demo") == [_RUN_LOCK]
    assert checkout.make("develop") == [_LOCK]
