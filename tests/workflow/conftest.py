"""Fixtures of the workflow tests: the definition, and the traces of all scenarios."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.assembly import read_definition
from local.emulator.process import Emulator
from tests.workflow.engines import node
from tests.workflow.machine import WorkflowMachine
from tests.workflow.runs import Traces
from tests.workflow.scenarios import RUNS

_TIMEOUT_SECONDS = 120.0


@pytest.fixture(scope="package")
def definition(assembly: Callable[[str], Path]) -> dict[str, Any]:
    """Return the state machine as it is deployed."""
    return read_definition(assembly("local"), "local")


@pytest.fixture(scope="package")
def traces(
    definition: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Traces]:
    """Run all scenarios at the same time, with waits of no length."""
    with Emulator.started(wait_scale=0.0) as emulator:
        machine = WorkflowMachine(
            emulator, definition, tmp_path_factory.mktemp("scripts")
        )
        running = {name: machine.start(run) for name, run in RUNS.items()}
        ended: Traces = {}
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while len(ended) < len(running):
            assert time.monotonic() < deadline, set(running) - set(ended)
            for name in running.keys() - ended.keys():
                if (trace := machine.trace(running[name])) is not None:
                    ended[name] = trace
        yield ended


@pytest.fixture(scope="package")
def packages() -> None:
    """Install the second engine and the validator, or skip where npm cannot."""
    try:
        node.install()
    except node.RegistryUnreachable as error:
        pytest.skip(f"SKIPPED on {error}")
