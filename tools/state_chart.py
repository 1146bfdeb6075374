"""Diagram: the picture of the state machine, drawn from its very definition."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.app import stack_name, synthesize

_ROOT = Path(__file__).parents[1]
#: The files that show the picture, between these two lines.
SHOWN_IN = (_ROOT / "README.md", _ROOT / "docs" / "workflow.md")
_BEGIN = "<!-- the state machine: `make diagram` -->"
_END = "<!-- end of the state machine -->"

_SHAPES = {
    "Choice": ("{{", "}}"),
    "Fail": ("([", "])"),
    "Succeed": ("([", "])"),
    "Wait": ("[/", "/]"),
}
#: What a Map goes through, by its mode.
_EACH = {
    "INLINE": "for each kind of result",
    "DISTRIBUTED": "for each request of a batch",
}
#: A caught error by its name; others have no name that a picture would need.
_CAUGHT = {"States.Timeout": "time-out"}


def definition(assembly: Path, stage: str) -> dict[str, Any]:
    """Read the state machine's definition out of a synthesized app.

    What only a deployment knows (ARNs, names) stands there as `…`.
    """
    template = assembly / f"{stack_name(stage)}.template.json"
    machines = [
        resource["Properties"]["DefinitionString"]
        for resource in json.loads(template.read_text())["Resources"].values()
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    parts = machines[0]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "…" for part in parts)
    read: dict[str, Any] = json.loads(text)
    return read


def mermaid(machine: Mapping[str, Any]) -> str:
    """Draw a definition as a Mermaid flow chart; caught errors are dotted."""
    lines = ["flowchart TD", f"  start(( )) --> {machine['StartAt']}"]
    lines += _drawn(machine["States"], indent="  ")
    return "\n".join(lines) + "\n"


def placed(text: str, picture: str) -> str:
    """Put a picture between the markers of a Markdown text.

    Raises:
        ValueError: The text has no markers.
    """
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the text lacks the line {_BEGIN} or {_END}")
    return f"{before}{begin}\n```mermaid\n{picture}```\n{end}{after}"


def _drawn(states: Mapping[str, Any], *, indent: str) -> Iterator[str]:
    for name, state in states.items():
        if state["Type"] == "Map":
            inner = state["ItemProcessor"]
            each = _EACH[inner["ProcessorConfig"]["Mode"]]
            yield f'{indent}subgraph {_id(name)} ["{name}: {each}"]'
            yield from _drawn(inner["States"], indent=indent + "  ")
            yield f"{indent}end"
        else:
            opening, closing = _SHAPES.get(state["Type"], ("[", "]"))
            yield f'{indent}{_id(name)}{opening}"{name}"{closing}'
    for name, state in states.items():
        for label, target, arrow in _ways(state):
            yield f"{indent}{_id(name)} {arrow}{label} {_id(target)}"


def _id(name: str) -> str:
    return name.replace(" ", "_")


def _ways(state: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for choice in state.get("Choices", ()):
        yield f"|{_condition(choice)}|", choice["Next"], "-->"
    if "Default" in state:
        yield "|otherwise|", state["Default"], "-->"
    if "Next" in state:
        yield "", state["Next"], "-->"
    catches = state.get("Catch", ())
    for catch in catches:
        (error,) = catch["ErrorEquals"]
        rest = "any error" if len(catches) == 1 else "any other error"
        yield f"|{_CAUGHT.get(error, rest)}|", catch["Next"], "-.->"


def _condition(choice: Mapping[str, Any]) -> str:
    words = [
        str(part["StringEquals"])
        for part in (choice, *choice.get("Or", ()))
        if "StringEquals" in part
    ]
    return " or ".join(words) or "yes"


def main() -> int:
    """Draw the picture into every file that shows it."""
    with TemporaryDirectory() as folder:
        machine = definition(synthesize("dev", outdir=Path(folder)), "dev")
    for file in SHOWN_IN:
        file.write_text(placed(file.read_text(), mermaid(machine)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
