"""Runbook: what docs/operations.md has from the code: errors and metrics."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from functions.core.errors import PERMANENT, RETRYABLE, CourierError
from functions.core.metrics import Metric

RUNBOOK = Path(__file__).parents[1] / "docs" / "operations.md"
#: Where names lead that are not ours, such as `States.Timeout`.
FOREIGN = "any-other-name"

#: What is between these lines is written here.
_MARKED = {
    name: (f"<!-- the {name}: `make runbook` -->\n", f"<!-- end of the {name} -->")
    for name in ("errors", "metrics")
}
_OURS = {error.__name__.lower() for error in (*RETRYABLE, *PERMANENT)}


def section_of(error: str) -> str:
    """Name the section that says what an error means and what to do."""
    return error.lower() if error.lower() in _OURS else FOREIGN


def anchor(heading: str) -> str:
    """Give a heading's anchor as GitHub does."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Give the anchors of all headings of a Markdown text."""
    return {anchor(found) for found in re.findall(r"(?m)^#+ (.+)$", text)}


def written(text: str) -> str:
    """Give a text with the sections of the errors and the table of the metrics.

    Raises:
        ValueError: The text has no markers.
    """
    for name, lines in (("errors", _sections()), ("metrics", _table())):
        begin, end = _MARKED[name]
        before, begun, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not begun or not ended:
            raise ValueError(f"the text lacks the line {begin.strip()} or {end}")
        content = "\n".join(lines)
        text = f"{before}{begun}\n{content}\n{ended}{after}"
    return text


def _sections() -> Iterator[str]:
    for error in RETRYABLE:
        yield from _section(error, "It is tried again by itself.")
    for error in PERMANENT:
        yield from _section(error, "It is not tried again.")


def _table() -> Iterator[str]:
    yield "| metric | unit | by | meaning |"
    yield "| --- | --- | --- | --- |"
    for metric in Metric:
        sets = " · ".join(", ".join(f"`{n}`" for n in names) for names in metric.sets)
        unit, meaning = metric.value.unit, metric.value.meaning
        yield f"| `{metric.title}` | {unit} | {sets} | {meaning} |"
    yield ""


def _section(error: type[CourierError], consequence: str) -> Iterator[str]:
    yield f"### {error.__name__}\n"
    for text in (f"{error.__doc__} {consequence}", f"**Do:** {error.advice}"):
        yield fill(text, width=88) + "\n"


def main() -> int:
    """Write them anew."""
    RUNBOOK.write_text(written(RUNBOOK.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
