"""Render the run-book, docs/operations.md, as a page with an anchor at each heading."""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

#: A link to docs/operations.md in the repository, a copy in an installed package.
_RUNBOOK = Path(__file__).with_name("operations.md")
#: The section for errors that have none of their own, such as `States.Timeout`.
OTHER_ERRORS = "any-other-name"
_COMMENT = re.compile(r"(?m)^<!--.*-->\n")


def section_of(error: str) -> str:
    """Return the anchor of the section about an error."""
    return error.lower() if error.lower() in _sections() else OTHER_ERRORS


def anchor(heading: str) -> str:
    """Return the anchor that GitHub makes from a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def html() -> str:
    """Return the run-book as HTML, without its links to files of the repository."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(_COMMENT.sub("", _RUNBOOK.read_text("utf-8")))
    for heading, text in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", anchor(text.content.replace("`", "")))
    for child in (child for token in tokens for child in token.children or ()):
        href = str(child.attrGet("href") or "")
        if child.type == "link_open" and not href.startswith(("#", "https://")):
            del child.attrs["href"]
    rendered: str = markdown.renderer.render(tokens, markdown.options, {})
    return rendered


@cache
def _sections() -> set[str]:
    """Return the anchors of the sections about errors: their headings are one word."""
    headings: list[str] = re.findall(r"(?m)^### (\w+)$", _RUNBOOK.read_text("utf-8"))
    return {heading.lower() for heading in headings}
