"""Watch: jobs with their timelines as a table that fits a terminal."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from verdict_courier.cli.display import COLOURS

Document = Mapping[str, Any]

_CELLS = 24
#: What stands for a state; what takes no time is not drawn.
_SIGNS = {
    "Submit": "S",
    "Check": "|",
    "Wait": "·",
    "Hold": "·",
    "Listen": "·",
    "Requests": "R",
    "Download": "D",
    "Manifest": "M",
    "Conclude": "=",
    "Notify": "=",
}
_OTHER = "="
_WOKEN = "*"
_ERROR = "!"
LEGEND = (
    "S submit  · wait  | check  * webhook  R requests of a batch  D download  "
    "M manifest  = other  ! error"
)


def table(jobs: Iterable[Document], *, now: float) -> Table:
    """Show jobs as they are at a moment, in Unix seconds."""
    shown = Table(box=None, caption=LEGEND, caption_justify="left")
    for name in ("job", "type", "state", "age", "checks", "next", "timeline"):
        shown.add_column(name, no_wrap=True)
    shown.columns[4].justify = "right"
    for job in jobs:
        shown.add_row(
            job["job_id"][:12],
            f"{job['provider']} {job['type']}",
            _state(job),
            _lasting(_age(job, now)),
            str(job["checks"]),
            _next(job, now),
            _drawn(job, now),
        )
    return shown


def line(job: Document, *, now: float, cells: int = _CELLS) -> str:
    """Draw a job's states into so many cells, the time running to the right.

    A cell shows what matters most of all that happened in it: an error before a
    webhook, before a check, before work, before a wait.
    """
    timeline = job["timeline"]
    if not timeline or not timeline["entries"]:
        return ""
    begin = _seconds(timeline["entries"][0]["entered_at"])
    end = _seconds(timeline["ended_at"]) if timeline["ended_at"] else now
    span = max(end - begin, 0.001)
    drawn = [" "] * cells
    for sign, since, until in _signs(timeline["entries"], end):
        first = min(int((since - begin) / span * cells), cells - 1)
        last = min(int((until - begin) / span * cells), cells - 1)
        for cell in range(max(first, 0), last + 1):
            drawn[cell] = max(drawn[cell], sign, key=_weight)
    return "".join(drawn)


def _signs(
    entries: Iterable[Document], end: float
) -> Iterator[tuple[str, float, float]]:
    for entry in entries:
        since = _seconds(entry["entered_at"])
        until = _seconds(entry["left_at"]) if entry["left_at"] else end
        if entry["error"]:
            yield _ERROR, since, until
        elif entry["state"] in _SIGNS or entry["tries"]:
            yield _SIGNS.get(entry["state"], _OTHER), since, until
        if entry["woken"]:
            yield _WOKEN, until, until


def _weight(sign: str) -> int:
    return " ·=RMDS|*!".index(sign)


def _drawn(job: Document, now: float) -> Text:
    drawn = Text(line(job, now=now))
    drawn.highlight_regex(r"!+", "red")
    drawn.highlight_regex(r"\*+", "magenta")
    return drawn


def _state(job: Document) -> Text:
    outcome = job["outcome"]
    if outcome is None:
        return Text(f"{job['phase']} …")
    name = f" {job['error']['name']}" if job["error"] else ""
    return Text(f"{outcome}{name}", style=COLOURS[outcome])


def _age(job: Document, now: float) -> float:
    """How long a job has been with us; of one that ended, how long it was."""
    since = job["received_at"] or job["submitted_at"]
    until = _seconds(job["ended_at"]) if job["ended_at"] else now
    return until - _seconds(since) if since else 0.0


def _next(job: Document, now: float) -> str:
    if job["outcome"] or not job["next_check_at"]:
        return ""
    return f"in {_lasting(_seconds(job['next_check_at']) - now)}"


def _lasting(seconds: float) -> str:
    whole = max(round(seconds), 0)
    if whole < 120:  # noqa: PLR2004 - two minutes, in seconds
        return f"{whole} s"
    if whole < 2 * 3600:
        return f"{whole // 60} min"
    return f"{whole / 3600:.1f} h"


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
