"""Fixtures of all suites: repeatable examples and the synthesized app."""

import fcntl
import gc
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import infra.node  # noqa: F401 - aws_cdk starts Node as it is imported

if TYPE_CHECKING:
    from tests.world.site import Site

#: How many examples Hypothesis makes for a test, each time the same ones. A search for
#: faults sets more: `EXAMPLES=2000 make test T=tests/unit`.
_EXAMPLES = int(os.environ.get("EXAMPLES", "40"))
settings.register_profile(
    "repeatable", derandomize=True, max_examples=_EXAMPLES, deadline=None
)
settings.load_profile("repeatable")
# Every 700 new objects, as is usual, the collector would look through what thousands of
# collected tests keep: a tenth of the time of all tests.
gc.set_threshold(50_000, 50, 100)
#: What takes less is not among the slowest.
_NOTED_SECONDS = 0.5


def pytest_collection_finish() -> None:
    """Take all that was imported and collected, which stays, from the collector."""
    gc.collect()
    gc.freeze()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what takes long in the file that `make test` names and prints the end of."""
    if (durations := os.environ.get("DURATIONS")) and report.duration > _NOTED_SECONDS:
        with Path(durations).open("a", encoding="utf-8") as file:
            file.write(f"{report.duration:8.2f} {report.when:8} {report.nodeid}\n")


@pytest.fixture(scope="module")
def site(assembly: Callable[[str], Path]) -> Iterator["Site"]:
    """Return what all worlds of a module share; see `tests.world.world`."""
    from tests.world.site import Site  # noqa: PLC0415 - it imports all functions

    with Site.opened(assembly("local")) as opened:
        yield opened


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function from a stage to its cloud assembly, synthesized once.

    `make test` names an empty directory of its own run in ASSEMBLIES, in which all of
    its processes share what the first of them has synthesized.
    """
    shared = os.environ.get("ASSEMBLIES")
    folder = Path(shared) if shared else tmp_path_factory.mktemp("assemblies")

    @cache
    def synthesize_once(stage: str) -> Path:
        outdir = folder / stage
        with (folder / f"{stage}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not outdir.exists():
                from infra.app import synthesize  # noqa: PLC0415 - it starts Node, which most tests do not need

                # Its name is free as long as it is not complete.
                synthesize(stage, outdir=folder / f"{stage}.part").rename(outdir)
        return outdir

    return synthesize_once
