"""The picture of the state machine, in every file that shows it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.state_chart import SHOWN_IN, definition, mermaid, placed


@pytest.mark.parametrize("file", SHOWN_IN, ids=lambda file: file.name)
def test_the_picture_is_current(assembly: Callable[[str], Path], file: Path) -> None:
    """A picture of another machine is worse than none; `make diagram` draws it."""
    picture = mermaid(definition(assembly("dev"), "dev"))

    text = file.read_text()
    assert placed(text, picture) == text


def test_every_state_has_its_place(assembly: Callable[[str], Path]) -> None:
    """Those of a Map too; a name of two words would be no name to the drawing."""
    machine = definition(assembly("dev"), "dev")
    drawn = mermaid(machine)

    for state in machine["States"]["Requests"]["ItemProcessor"]["States"]:
        assert f'"{state}"' in drawn
        assert f"  {state.replace(' ', '_')}" in drawn
    assert "Listen -.->|time-out| Check\n" in drawn
    assert "Listen -.->|any other error| Wait\n" in drawn
    assert "Requests: for each request of a batch" in drawn


def test_a_file_without_a_place_is_told() -> None:
    """Somebody who deletes the markers hears of it."""
    with pytest.raises(ValueError, match="lacks the line"):
        placed("# A README without them", "flowchart TD\n")
