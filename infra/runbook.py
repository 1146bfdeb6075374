"""Run-book: read from docs/operations.md what to do about an alarm."""

import re
from functools import cache
from pathlib import Path

PLACE = "docs/operations.md"
_HEADING = "### Alarm: "


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
    found = _advice_of_all().get(kind.lower())
    if not found:
        raise ValueError(f"{PLACE} does not say what to do about {kind!r}")
    return found


def advice_by_alarm(text: str) -> dict[str, str]:
    """Return the paragraph *Do* of each alarm's section in a run-book's text."""
    found = {}
    for section in re.split(r"(?m)^(?=##)", text):
        heading, _, rest = section.partition("\n")
        said = rest.partition("\n**Do:** ")[2].partition("\n\n")[0]
        if heading.startswith(_HEADING) and said:
            found[heading.removeprefix(_HEADING)] = _plain(said)
    return found


def _plain(said: str) -> str:
    plain = re.sub(r"\[([^][]+)\]\([^()]+\)", r"\1", said)
    plain = re.sub(r"[*`]", "", " ".join(plain.split()))
    return plain[0].upper() + plain[1:]


@cache
def _advice_of_all() -> dict[str, str]:
    return advice_by_alarm((Path(__file__).parents[1] / PLACE).read_text("utf-8"))


def _anchor(kind: str) -> str:
    return f"alarm-{kind.lower().replace(' ', '-')}"
