"""Runbook: docs/operations.md as a page with an anchor at each heading."""

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tools.runbook import RUNBOOK, anchor

_COMMENT = re.compile(r"(?m)^<!--.*-->\n")


def html() -> str:
    """Give the run-book's text as HTML; links into the repository lose their target."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(_COMMENT.sub("", RUNBOOK.read_text()))
    for heading, text in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", anchor(text.content.replace("`", "")))
    for token in tokens:
        _unlink(token)
    rendered: str = markdown.renderer.render(tokens, markdown.options, {})
    return rendered


def _unlink(token: Token) -> None:
    for child in token.children or ():
        href = str(child.attrGet("href") or "")
        if child.type == "link_open" and not href.startswith(("#", "https://")):
            del child.attrs["href"]
