"""Fixtures of the workflow tests: the definition, and the traces of all scenarios."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.model import Batch, Job
from local.assembly import read_definition
from local.emulator.process import Emulator
from tests.workflow.machine import Traces, WorkflowMachine
from tests.workflow.scenarios import SCENARIOS
from tests.workflow.scripts import BASES, REQUEST

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
        running = {
            name: machine.start(
                Job(
                    job_id=f"scenario-{number}",
                    provider="p",
                    type="t",
                    provider_ref=scenario.provider_ref,
                    batch=Batch(items_key=f"scenario-{number}"),
                ),
                {**BASES[scenario.base], **scenario.script},
                requests=[{**REQUEST, **script} for script in scenario.requests],
                topic_exists=scenario.topic_exists,
            )
            for number, (name, scenario) in enumerate(SCENARIOS.items())
        }
        ended: Traces = {}
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while len(ended) < len(running):
            assert time.monotonic() < deadline, set(running) - set(ended)
            for name in running.keys() - ended.keys():
                if (trace := machine.trace(running[name])) is not None:
                    ended[name] = trace
        yield ended
