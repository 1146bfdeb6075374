"""Write sections of docs/operations.md from the code: errors, metrics and drills."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from verdict_courier.console.runbook import anchor

from functions.core.errors import PERMANENT, RETRYABLE
from functions.core.metrics import Metric
from local.drills import DRILLS
from tools.markdown import replace_between

RUNBOOK = Path(__file__).parents[1] / "docs" / "operations.md"


def anchors(text: str) -> set[str]:
    """Return the anchors of all headings of a Markdown text."""
    return {anchor(heading) for heading in re.findall(r"(?m)^#+ (.+)$", text)}


def with_generated_parts(text: str) -> str:
    """Return the run-book with current sections between its markers.

    Raises:
        ValueError: The text lacks a marker.
    """
    parts = {"errors": _errors(), "metrics": _metrics(), "drills": _drills()}
    for name, lines in parts.items():
        begin = f"<!-- the {name}: `make runbook` -->"
        end = f"<!-- end of the {name} -->"
        content = "\n".join(lines)
        text = replace_between(text, begin, end, content=f"\n{content}\n")
    return text


def _errors() -> Iterator[str]:
    for errors, consequence in (
        (RETRYABLE, "It is tried again by itself."),
        (PERMANENT, "It is not tried again."),
    ):
        for error in errors:
            yield f"### {error.__name__}\n"
            for text in (f"{error.__doc__} {consequence}", f"**Do:** {error.advice}"):
                yield fill(text, width=88) + "\n"


def _metrics() -> Iterator[str]:
    yield "| metric | unit | by | meaning |"
    yield "| --- | --- | --- | --- |"
    for metric in Metric:
        sets = " · ".join(", ".join(f"`{n}`" for n in names) for names in metric.sets)
        unit, meaning = metric.value.unit, metric.value.meaning
        yield f"| `{metric.title}` | {unit} | {sets} | {meaning} |"
    yield ""


def _drills() -> Iterator[str]:
    for name, drill in DRILLS.items():
        yield f"### Drill: {name}\n"
        yield f"```sh\n./courier drill {name}\n```\n"
        for text in (
            drill.fault,
            f"**See:** {drill.sees}",
            f"**Do:** {drill.does}",
        ):
            yield fill(text, width=88, break_on_hyphens=False) + "\n"


def main() -> int:
    """Write the sections into the run-book."""
    RUNBOOK.write_text(with_generated_parts(RUNBOOK.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
