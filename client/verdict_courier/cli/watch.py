"""Draw jobs with their timelines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from verdict_courier.cli.job_table import (
    Column,
    fitting,
    identity_columns,
    remark_columns,
)
from verdict_courier.cli.texts import duration_text, plain

Document = Mapping[str, Any]

_CELLS = 24
#: The character of each state; other states are shown only if they run a task.
_STATE_CHARACTERS = {
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
_WEBHOOK = "*"
_ERROR = "!"
#: From the least important character to the most important one.
_PRECEDENCE = " ·=RMDS|*!"
_LEGEND = (
    "S submit  · wait  | check  * woken  R requests of a batch  D download  "
    "M manifest  = other  ! error"
)


def watch_columns(*, now: float) -> list[Column]:
    """Return the columns of the live table; `now` is in Unix seconds."""
    return [
        *identity_columns(),
        Column(
            name="error",
            rank=2,
            cell=lambda job: plain(job["error"]["name"] if job["error"] else "", "red"),
        ),
        Column(
            name="age",
            rank=1,
            cell=lambda job: Text(_age_text(job, now)),
            right=True,
        ),
        Column(
            name="checks", rank=5, cell=lambda job: plain(job["checks"]), right=True
        ),
        Column(name="next", rank=4, cell=lambda job: Text(_next_check(job, now))),
        Column(name="timeline", rank=3, cell=lambda job: _timeline(job, now)),
        *remark_columns(),
    ]


def table(columns: Sequence[Column], jobs: Sequence[Document], width: int) -> Table:
    """Return a table of the columns that fit, and what the timeline's signs mean."""
    drawn = fitting(columns, jobs, width)
    if any(column.header == "timeline" for column in drawn.columns):
        drawn.caption, drawn.caption_justify = _LEGEND, "left"
    return drawn


def _timeline(job: Document, now: float) -> Text:
    timeline = Text(timeline_text(job, now=now))
    timeline.highlight_regex(r"!+", "red")
    timeline.highlight_regex(r"\*+", "magenta")
    return timeline


def timeline_text(job: Document, *, now: float, cells: int = _CELLS) -> str:
    """Return a job's states as `cells` characters, with time running to the right.

    A cell shows the most important state of its time span: errors come first, then
    webhooks, checks, other tasks and waits.
    """
    timeline = job["timeline"]
    if not timeline or not timeline["entries"]:
        return ""
    begin, end = job_span(job, now=now)

    def cell_at(at: float) -> int:
        """Return the cell of a time; what is outside of the span is at its edge."""
        return max(0, min(int((at - begin) / (end - begin) * cells), cells - 1))

    characters = [" "] * cells
    for character, since, until in _spans(timeline["entries"], end):
        for cell in range(cell_at(since), cell_at(until) + 1):
            characters[cell] = max(characters[cell], character, key=_PRECEDENCE.index)
    return "".join(characters)


def _spans(
    entries: Iterable[Document], end: float
) -> Iterator[tuple[str, float, float]]:
    """Yield characters, each with the Unix seconds of its begin and its end."""
    for entry in entries:
        since = _seconds(entry["entered_at"])
        until = _seconds(entry["left_at"]) if entry["left_at"] else end
        if entry["error"]:
            yield _ERROR, since, until
        elif entry["state"] in _STATE_CHARACTERS or entry["tries"]:
            yield _STATE_CHARACTERS.get(entry["state"], _OTHER), since, until
        if entry["woken"]:
            yield _WEBHOOK, until, until


def job_span(job: Document, *, now: float) -> tuple[float, float]:
    """Return when a job was received, or its last attempt began, and when it ended.

    A job that runs ends now. The timeline and the age are of this span, as on the page.
    """
    timeline = job["timeline"] or {"entries": ()}
    received = job["received_at"] or job["submitted_at"]
    begins = [received]
    if job["attempt"] > 1:
        marks = timeline.get("marks", ())  # an older deployment has none
        begins = [mark["at"] for mark in marks if mark["name"] == "resumed"]
        begins += [entry["entered_at"] for entry in timeline["entries"]] + [received]
    begin = next((_seconds(at) for at in begins if at), now)
    end = _seconds(job["ended_at"]) if job["ended_at"] else now
    return begin, max(end, begin + 0.001)


def _age_text(job: Document, now: float) -> str:
    begin, end = job_span(job, now=now)
    return duration_text(end - begin)


def _next_check(job: Document, now: float) -> str:
    if job["outcome"] or not job["next_check_at"]:
        return ""
    return f"in {duration_text(_seconds(job['next_check_at']) - now)}"


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
