"""Runbook: the section of docs/operations.md that an error's name leads to."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from functions.core.errors import PERMANENT, RETRYABLE, CourierError

RUNBOOK = Path(__file__).parents[1] / "docs" / "operations.md"
#: Where names lead that are not ours, such as `States.Timeout`.
FOREIGN = "any-other-name"

_BEGIN = "<!-- the errors: `make runbook` -->\n"
_END = "<!-- end of the errors -->"
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
    """Give a text with the sections of the errors between its two markers.

    Raises:
        ValueError: The text has no markers.
    """
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the text lacks the line {_BEGIN.strip()} or {_END}")
    sections = "\n".join(_sections())
    return f"{before}{begin}\n{sections}\n{end}{after}"


def _sections() -> Iterator[str]:
    for error in RETRYABLE:
        yield from _section(error, "It is tried again by itself.")
    for error in PERMANENT:
        yield from _section(error, "It is not tried again.")


def _section(error: type[CourierError], consequence: str) -> Iterator[str]:
    yield f"### {error.__name__}\n"
    for text in (f"{error.__doc__} {consequence}", f"**Do:** {error.advice}"):
        yield fill(text, width=88) + "\n"


def main() -> int:
    """Write the sections anew."""
    RUNBOOK.write_text(written(RUNBOOK.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
