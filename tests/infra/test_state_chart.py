"""The chart of the state machine is complete, and current in every document."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.state_chart import SHOWN_IN, definition, mermaid, placed


@pytest.mark.parametrize("file", SHOWN_IN, ids=lambda file: file.name)
def test_the_chart_is_current(assembly: Callable[[str], Path], file: Path) -> None:
    """A chart of another machine is worse than none; `make diagram` redraws it."""
    chart = mermaid(definition(assembly("dev"), "dev"))

    text = file.read_text()
    assert placed(text, chart) == text


def test_every_state_is_drawn(assembly: Callable[[str], Path]) -> None:
    """Those of a Map, too; Mermaid needs ids without spaces."""
    machine = definition(assembly("dev"), "dev")
    chart = mermaid(machine)

    for state in machine["States"]["Requests"]["ItemProcessor"]["States"]:
        assert f'"{state}"' in chart
        assert f"  {state.replace(' ', '_')}" in chart
    assert "Listen -.->|time-out| Check\n" in chart
    assert "Listen -.->|any other error| Wait\n" in chart
    assert "Requests: for each request of a batch" in chart


def test_a_file_without_markers_is_an_error() -> None:
    """Whoever deletes the markers has to notice."""
    with pytest.raises(ValueError, match="lacks the line"):
        placed("# A README without them", "flowchart TD\n")
