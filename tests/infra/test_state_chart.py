"""State chart: it is current in every file that shows it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from local.assembly import read_definition
from tools.state_chart import CHART_FILES, mermaid, with_chart


@pytest.mark.parametrize("file", CHART_FILES, ids=lambda file: file.name)
def test_the_chart_is_current(assembly: Callable[[str], Path], file: Path) -> None:
    """A chart of another definition misleads; if it is not, run `make diagram`."""
    chart = mermaid(read_definition(assembly("dev"), "dev"))

    text = file.read_text()
    assert with_chart(text, chart) == text


def test_every_state_is_in_the_chart(assembly: Callable[[str], Path]) -> None:
    """States of a Map, too; Mermaid allows no spaces in an id."""
    definition = read_definition(assembly("dev"), "dev")
    chart = mermaid(definition)

    for state in definition["States"]["Requests"]["ItemProcessor"]["States"]:
        assert f'"{state}"' in chart
        assert f"  {state.replace(' ', '_')}" in chart
    assert "Listen -.->|time-out| Check\n" in chart
    assert "Listen -.->|any other error| Wait\n" in chart
    assert "Requests: for each request of a batch" in chart


def test_a_file_without_markers_is_an_error() -> None:
    """Without its markers, the chart could no longer be kept current."""
    with pytest.raises(ValueError, match="lacks the line"):
        with_chart("# A README without them", "flowchart TD\n")
