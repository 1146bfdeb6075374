"""The definition, and every scene walked on it once."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.model import Batch, Job
from local.assembly import read_definition
from local.emulator.process import Emulator
from tests.workflow.machine import Walk, WorkflowMachine
from tests.workflow.scenarios import SCENARIOS
from tests.workflow.scripts import BASES, REQUEST

_PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="package")
def definition(assembly: Callable[[str], Path]) -> dict[str, Any]:
    """The state machine as it is deployed."""
    return read_definition(assembly("local"), "local")


@pytest.fixture(scope="package")
def walks(
    definition: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Walk]]:
    """Every scene, played at the same time, with waits that take none."""
    with Emulator.started(wait_scale=0.0) as emulator:
        stage = WorkflowMachine(
            emulator, definition, tmp_path_factory.mktemp("scripts")
        )
        running = {
            name: stage.start(
                Job(
                    job_id=f"scene-{number}",
                    provider="p",
                    type="t",
                    provider_ref=scene.provider_ref,
                    batch=Batch(items_key=f"scene-{number}"),
                ),
                {**BASES[scene.like], **scene.script},
                requests=[{**REQUEST, **one} for one in scene.requests],
                topic_is_there=scene.topic_is_there,
            )
            for number, (name, scene) in enumerate(SCENARIOS.items())
        }
        ended: dict[str, Walk] = {}
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while len(ended) < len(running):
            assert time.monotonic() < give_up_at, set(running) - set(ended)
            for name in running.keys() - ended.keys():
                if (walk := stage.walk(running[name])) is not None:
                    ended[name] = walk
        yield ended
