"""Fixtures of the workflow tests: the definition, and the traces of all scenarios."""

import time
from collections import deque
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

_TIMEOUT_SECONDS = 240.0
#: Executions at the same time, and processes of functions: enough for each function to
#: keep those that it has, since starting one takes longer than a call.
_AT_ONCE = 4
_ENVIRONMENTS = 64
#: Asking without a pause would take the processor from what is waited for.
_PAUSE_SECONDS = 0.05


@pytest.fixture(scope="package")
def definition(assembly: Callable[[str], Path]) -> dict[str, Any]:
    """Return the state machine as it is deployed."""
    return read_definition(assembly("local"), "local")


@pytest.fixture(scope="package")
def traces(
    definition: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Traces]:
    """Run all scenarios, some at the same time, with waits of no length."""
    with Emulator.started(wait_scale=0.0, environments=_ENVIRONMENTS) as emulator:
        machine = WorkflowMachine(
            emulator, definition, tmp_path_factory.mktemp("scripts")
        )
        waiting, running = deque(RUNS), dict[str, str]()
        ended: Traces = {}
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while len(ended) < len(RUNS):
            assert time.monotonic() < deadline, running
            while waiting and len(running) < _AT_ONCE:
                name = waiting.popleft()
                running[name] = machine.start(RUNS[name])
            for name, execution in list(running.items()):
                if (trace := machine.trace(execution)) is not None:
                    ended[name] = trace
                    del running[name]
            time.sleep(_PAUSE_SECONDS)
        yield ended


@pytest.fixture(scope="package")
def packages() -> None:
    """Install the second engine and the validator, or skip where npm cannot."""
    try:
        node.install()
    except node.RegistryUnreachable as error:
        pytest.skip(f"SKIPPED on {error}")
