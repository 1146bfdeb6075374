"""Draw the state machine as a Mermaid flow chart, from its definition."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from functions.core.errors import JobAlreadyStarted, JobEnded
from infra.app import synthesize
from local.assembly import read_definition
from tools.markdown import replace_between

_ROOT = Path(__file__).parents[1]
#: The files that show the chart, between these two markers.
CHART_FILES = (_ROOT / "docs" / "workflow.md",)
_BEGIN = "<!-- the state machine: `make diagram` -->"
_END = "<!-- end of the state machine -->"

_SHAPES = {
    "Choice": ("{{", "}}"),
    "Fail": ("([", "])"),
    "Succeed": ("([", "])"),
    "Wait": ("[/", "/]"),
}
#: What a Map iterates over, by its mode.
_ITEMS = {
    "INLINE": "for each kind of result",
    "DISTRIBUTED": "for each request of a batch",
}
#: Labels of caught errors; all other errors have the same label.
_CAUGHT = {
    "States.Timeout": "time-out",
    JobAlreadyStarted.__name__: "started before",
    JobEnded.__name__: "ended before",
}


def mermaid(definition: Mapping[str, Any]) -> str:
    """Return a definition as a Mermaid flow chart; arrows of errors are dotted."""
    lines = ["flowchart TD", f"  start(( )) --> {definition['StartAt']}"]
    lines += _chart(definition["States"], indent="  ")
    return "\n".join(lines) + "\n"


def with_chart(text: str, chart: str) -> str:
    """Return a Markdown text with a chart between its markers.

    Raises:
        ValueError: The text lacks a marker.
    """
    return replace_between(text, _BEGIN, _END, content=f"```mermaid\n{chart}```\n")


def _chart(states: Mapping[str, Any], *, indent: str) -> Iterator[str]:
    for name, state in states.items():
        if state["Type"] == "Map":
            processor = state["ItemProcessor"]
            items = _ITEMS[processor["ProcessorConfig"]["Mode"]]
            yield f'{indent}subgraph {_id(name)} ["{name}: {items}"]'
            yield from _chart(processor["States"], indent=indent + "  ")
            yield f"{indent}end"
        else:
            opening, closing = _SHAPES.get(state["Type"], ("[", "]"))
            yield f'{indent}{_id(name)}{opening}"{name}"{closing}'
    for name, state in states.items():
        for label, target, arrow in _transitions(state):
            yield f"{indent}{_id(name)} {arrow}{label} {_id(target)}"


def _id(name: str) -> str:
    return name.replace(" ", "_")


def _transitions(state: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the label, the target and the arrow of each transition."""
    for choice in state.get("Choices", ()):
        yield f"|{_condition(choice)}|", choice["Next"], "-->"
    if "Default" in state:
        yield "|otherwise|", state["Default"], "-->"
    if "Next" in state:
        yield "", state["Next"], "-->"
    catches = state.get("Catch", ())
    for catch in catches:
        (error,) = catch["ErrorEquals"]
        other = "any error" if len(catches) == 1 else "any other error"
        yield f"|{_CAUGHT.get(error, other)}|", catch["Next"], "-.->"


def _condition(choice: Mapping[str, Any]) -> str:
    values = [
        str(part["StringEquals"])
        for part in (choice, *choice.get("Or", ()))
        if "StringEquals" in part
    ]
    return " or ".join(values) or "yes"


def main() -> int:
    """Write the chart into every file that shows it."""
    with TemporaryDirectory() as folder:
        assembly = synthesize("dev", outdir=Path(folder))
        chart = mermaid(read_definition(assembly, "dev"))
    for file in CHART_FILES:
        file.write_text(with_chart(file.read_text(), chart))
    return 0


if __name__ == "__main__":
    sys.exit(main())
