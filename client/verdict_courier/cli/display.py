"""Print the output of commands, as text for people or as JSON for scripts."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table

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
            self._out.print(f"{name:<12} {value}")

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
                job["job_id"],
                str(job["received_at"] or "")[:19],
                f"{job['provider']} {job['type']}",
                _state(job),
                str(job["checks"]),
                str(job["rows"] or ""),
            )
        self._out.print(table)

    def files(self, files: Iterable[Document]) -> None:
        """Print result files and where they are."""
        listed = list(files)
        if self._as_json:
            self._print_json(listed)
            return
        for file in listed:
            self._out.print(
                f"{file['kind']:<12} {file['rows']:>10} rows  {file['place']}"
            )

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
        self._out.print(address, markup=False)

    def error(self, text: str) -> None:
        """Print an error message."""
        self.notes.print(f"[red]✗[/] {text}", markup=True)

    def _print_json(self, document: Any) -> None:  # noqa: ANN401 - any JSON
        self._out.print(json.dumps(document, indent=2), markup=False)


def progress(job: Document) -> str:
    """Return one line about a running job."""
    text = f"{job['job_id'][:12]}… {job['phase']}, {job['checks']} checks"
    if job["next_check_at"]:
        text += f", next at {job['next_check_at'][11:19]} UTC"
    return text


def _state(job: Document) -> str:
    outcome = job["outcome"]
    if outcome is None:
        return f"{job['phase']} …"
    return f"[{COLOURS[outcome]}]{outcome}[/]"


def _facts(job: Document) -> Iterable[tuple[str, str]]:
    yield "job", job["job_id"]
    yield "type", f"{job['provider']} {job['type']}"
    yield "state", _state(job)
    yield "checks", str(job["checks"])
    for name in ("rows", "received_at", "submitted_at", "ended_at", "deadline_at"):
        if job[name]:
            yield name.removesuffix("_at"), str(job[name])
    if job["error"]:
        yield "error", job["error"]["name"]
        yield "advice", job["error"]["advice"]
    if retry := job.get("retry"):  # an older deployment has none
        numbers = f"sends {retry['resends']} requests again (paid again)"
        yield "a retry", f"{numbers}, continues {retry['resumes']}"
    yield "console", job["links"]["execution"]
