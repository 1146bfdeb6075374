"""Print the output of commands, as text for people or as JSON for scripts."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from verdict_courier.api_description import COMPLETE, VERDICTS, has_unproven_rows

Document = Mapping[str, Any]

COLOURS = {
    "succeeded": "green",
    "partial": "yellow",
    "failed": "red",
    "aborted": "red",
    "timed_out": "red",
    "cancelled": "dim",
}

_JOB_ID_CHARACTERS = 64


def printable(text: object) -> str:
    """Return a text with escapes in place of characters that a terminal would obey.

    Whoever names a file or writes an answer could otherwise move the cursor, change the
    window's title or reverse the order of letters.
    """
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape").decode()
        for character in str(text)
    )


def plain(text: object, style: str = "") -> Text:
    """Return a text from outside for output, in which nothing is markup."""
    return Text(printable(text), style)


class Display:
    """Prints the output of a command; notes and errors go to the error stream."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._out = Console(highlight=False, soft_wrap=True)
        self.notes = Console(stderr=True, highlight=False, soft_wrap=True)

    def job(self, job: Document) -> None:
        """Print one job."""
        if self._as_json:
            self._print_json(job)
            return
        for name, value in _facts(job):
            self._out.print(_line(name, value))

    def jobs(self, jobs: Iterable[Document]) -> None:
        """Print a table of jobs."""
        listed = list(jobs)
        if self._as_json:
            self._print_json(listed)
            return
        table = Table(box=None)
        table.add_column("job", min_width=_JOB_ID_CHARACTERS)  # whole, to be copied
        for name in ("received", "type", "state", "checks", "rows"):
            table.add_column(name)
        for job in listed:
            table.add_row(
                plain(job["job_id"]),
                plain(str(job["received_at"] or "")[:19]),
                plain(f"{job['provider']} {job['type']}"),
                state(job),
                plain(job["checks"]),
                plain(job["rows"] or ""),
            )
        self._out.print(table)

    def files(self, files: Iterable[Document]) -> None:
        """Print result files and where they are."""
        listed = list(files)
        if self._as_json:
            self._print_json(listed)
            return
        for file in listed:
            rows = f"{file['rows']:>10} rows  {file['place']}"
            self._out.print(_line(file["kind"], plain(rows)))

    def verdict(self, verdict: str | None) -> None:
        """Print the verdict on the rows of results; to scripts only a bad one."""
        if verdict is not None and not self._as_json:
            self._out.print(_line("verdict", _verdict(verdict)))
        elif has_unproven_rows(verdict):
            self.notes.print(_line("verdict", _verdict(verdict)))

    @property
    def is_live(self) -> bool:
        """Whether output can be replaced: in a terminal, and not as JSON."""
        return self._out.is_terminal and not self._as_json

    @contextmanager
    def live(self) -> Iterator[Live]:
        """Yield an area of the terminal that can be redrawn."""
        with Live(console=self._out, auto_refresh=False, screen=False) as live:
            yield live

    def render(self, content: RenderableType, document: Any) -> None:  # noqa: ANN401 - any JSON
        """Print `content` for a person, or the `document` behind it as JSON."""
        if self._as_json:
            self._print_json(document)
        else:
            self._out.print(content)

    def address(self, address: str) -> None:
        """Print a URL."""
        self._out.print(plain(address))

    def error(self, text: str) -> None:
        """Print an error message."""
        self.notes.print(Text.assemble(("✗", "red"), " ", plain(text)))

    def _print_json(self, document: Any) -> None:  # noqa: ANN401 - any JSON
        self._out.print(json.dumps(document, indent=2), markup=False)


def progress(job: Document) -> Text:
    """Return one line about a running job."""
    text = f"{job['job_id'][:12]}… {job['phase']}, {job['checks']} checks"
    if hold := job.get("hold"):
        text += f", waiting out {hold['error']} since {hold['since'][11:19]} UTC"
    elif job["next_check_at"]:
        text += f", next at {job['next_check_at'][11:19]} UTC"
    return plain(text)


def state(job: Document, *, error: bool = False) -> Text:
    """Return a job's outcome or phase, with a bad verdict and maybe with its error."""
    outcome = job["outcome"]
    if outcome is None:
        hold = job.get("hold")
        return plain(f"waiting out {hold['error']}" if hold else f"{job['phase']} …")
    text = f"{outcome} late" if job.get("late") else outcome
    if has_unproven_rows(verdict := job.get("verdict")):
        text += f", rows {verdict}"
    if error and job["error"]:
        text += f" {job['error']['name']}"
    return plain(text, COLOURS.get(outcome, ""))


def _line(name: str, value: Text) -> Text:
    return Text.assemble(f"{printable(name):<12} ", value)


def _verdict(verdict: str | None) -> Text:
    meaning = VERDICTS.get(str(verdict), "this client does not know the word")
    return plain(f"{verdict}: {meaning}", "green" if verdict == COMPLETE else "yellow")


def _facts(job: Document) -> Iterable[tuple[str, Text]]:
    yield "job", plain(job["job_id"])
    yield "type", plain(f"{job['provider']} {job['type']}")
    yield "state", state(job)
    yield "checks", plain(job["checks"])
    for name in ("rows", "received_at", "submitted_at", "ended_at", "deadline_at"):
        if job.get(name):
            yield name.removesuffix("_at"), plain(job[name])
    if job.get("late_check_at"):
        yield "late check", plain(job["late_check_at"])
    if job.get("verdict"):
        yield "verdict", _verdict(job["verdict"])
    if hold := job.get("hold"):
        yield "waits out", plain(f"{hold['error']} since {hold['since']}")
        yield "advice", plain(hold["advice"])
    if job["error"]:
        yield "error", plain(job["error"]["name"])
        yield "advice", plain(job["error"]["advice"])
    if retry := job.get("retry"):  # an older deployment has none
        numbers = f"sends {retry['resends']} requests again (paid again)"
        yield "a retry", plain(f"{numbers}, continues {retry['resumes']}")
    yield "console", plain(job["links"]["execution"])
