"""Engines: three of them take the definition through the same scenarios, alike.

They were written by different people from the same specification. What one of them gets
wrong, the others show.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.workflow.engines import memory, second
from tests.workflow.engines.second import ADAPTATIONS, DIFFERENCES, Adaptation
from tests.workflow.runs import Traces, differences
from tests.workflow.scenarios import RUNS

_DOCUMENT = Path(__file__).parents[2] / "docs" / "local-stack.md"


def differing(one: Traces, other: Traces) -> dict[str, set[str]]:
    """Return the fields that differ, by scenario."""
    found = {name: differences(one[name], other[name]) for name in RUNS}
    return {name: fields for name, fields in found.items() if fields}


@pytest.fixture(scope="module")
def second_traces(packages: None, definition: dict[str, Any]) -> Traces:  # noqa: ARG001 - the engine is one of them
    """Run all scenarios on the second engine."""
    return second.run_all(definition, RUNS, ADAPTATIONS)


def test_the_second_engine_agrees(traces: Traces, second_traces: Traces) -> None:
    """States, error and output are those of ASL, not of the engine that we chose."""
    assert differing(traces, second_traces) == DIFFERENCES


def test_the_interpreter_of_the_fault_tests_agrees(
    traces: Traces, definition: dict[str, Any]
) -> None:
    """What `make faults` shows holds for the engine of the local stack, too."""
    assert differing(traces, memory.run_all(definition, RUNS)) == {}


@pytest.mark.parametrize("adaptation", ADAPTATIONS, ids=lambda each: each.name)
def test_an_adaptation_is_needed(
    second_traces: Traces, definition: dict[str, Any], adaptation: Adaptation
) -> None:
    """One that a later release needs no more would only hide what it may get wrong."""
    others = [each for each in ADAPTATIONS if each is not adaptation]

    without = second.run_all(definition, RUNS, others)

    affected = {
        name for name, trace in second_traces.items() if adaptation.affects(trace)
    }
    assert affected
    assert differing(second_traces, without).keys() == affected


def test_what_differs_is_documented() -> None:
    """A developer can look up why an engine is not believed."""
    text = " ".join(_DOCUMENT.read_text().replace("`", "").split())

    for adaptation in ADAPTATIONS:
        assert f"| {adaptation.name} |" in text
        assert adaptation.source in text
    assert all(scenario in text for scenario in DIFFERENCES)
