"""Display: jobs as a person reads them, or as JSON for a script."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table

Document = Mapping[str, Any]

#: How outcomes look.
COLOURS = {
    "succeeded": "green",
    "partial": "yellow",
    "failed": "red",
    "aborted": "red",
    "timed_out": "red",
    "cancelled": "dim",
}

_ID = 64


class Display:
    """Where a command writes what it found; notes go to the error stream."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._out = Console(highlight=False, soft_wrap=True)
        self.notes = Console(stderr=True, highlight=False, soft_wrap=True)

    def job(self, job: Document) -> None:
        """Show one job."""
        if self._as_json:
            self._json(job)
            return
        for name, value in _facts(job):
            self._out.print(f"{name:<12} {value}")

    def jobs(self, jobs: Iterable[Document]) -> None:
        """Show a list of jobs."""
        listed = list(jobs)
        if self._as_json:
            self._json(listed)
            return
        table = Table(box=None)
        table.add_column("job", min_width=_ID)  # whole, to be copied
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
        """Show what was downloaded, or could be."""
        listed = list(files)
        if self._as_json:
            self._json(listed)
            return
        for file in listed:
            self._out.print(
                f"{file['kind']:<12} {file['rows']:>10} rows  {file['place']}"
            )

    @property
    def is_live(self) -> bool:
        """Whether what is shown can change before somebody's eyes."""
        return self._out.is_terminal and not self._as_json

    @contextmanager
    def live(self) -> Iterator[Live]:
        """Give a place for a picture that changes."""
        with Live(console=self._out, auto_refresh=False, screen=False) as place:
            yield place

    def picture(self, picture: RenderableType, document: Any) -> None:  # noqa: ANN401 - any JSON
        """Show a picture once; a script gets the document that it was made of."""
        if self._as_json:
            self._json(document)
        else:
            self._out.print(picture)

    def address(self, address: str) -> None:
        """Show where something is."""
        self._out.print(address, markup=False)

    def trouble(self, text: str) -> None:
        """Say what went wrong."""
        self.notes.print(f"[red]✗[/] {text}", markup=True)

    def _json(self, document: Any) -> None:  # noqa: ANN401 - any JSON
        self._out.print(json.dumps(document, indent=2), markup=False)


def progress(job: Document) -> str:
    """Say in one line how a running job is doing."""
    said = f"{job['job_id'][:12]}… {job['phase']}, {job['checks']} checks"
    if job["next_check_at"]:
        said += f", next at {job['next_check_at'][11:19]} UTC"
    return said


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
    yield "console", job["links"]["execution"]
