"""Run-book: read from docs/operations.md what to do about an alarm."""

import re
from functools import cache
from pathlib import Path

PLACE = "docs/operations.md"


def alarm_description(what: str, kind: str, *, runbook_url: str) -> str:
    """Return what an alarm says: what is wrong, what to do, and a link to read more.

    `kind` is the heading of its section, such as `Job overdue`. Without a `runbook_url`
    there is no link: whoever is woken must not land on a page that does not exist.
    """
    link = f" {runbook_url}#{_anchor(kind)}" if runbook_url else ""
    return f"{what} {advice(kind)}{link}"


def advice(kind: str) -> str:
    """Return the paragraph *Do* of an alarm's section, as plain text.

    Raises:
        ValueError: There is no such section, or no such paragraph.
    """
    heading = re.escape(f"### Alarm: {kind.lower()}\n")
    section = re.search(rf"(?ms)^{heading}(.*?)(?=^##|\Z)", _text())
    found = (
        section[1].partition("\n**Do:** ")[2].partition("\n\n")[0] if section else ""
    )
    if not found:
        raise ValueError(f"{PLACE} does not say what to do about {kind!r}")
    plain = re.sub(r"\[([^][]+)\]\([^()]+\)", r"\1", found)
    plain = re.sub(r"[*`]", "", " ".join(plain.split()))
    return plain[0].upper() + plain[1:]


@cache
def _text() -> str:
    return (Path(__file__).parents[1] / PLACE).read_text("utf-8")


def _anchor(kind: str) -> str:
    return f"alarm-{kind.lower().replace(' ', '-')}"
