"""Draw jobs as a table that fits a terminal, or as lines for a pipe."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from rich.box import Box
from rich.table import Table
from rich.text import Text

from verdict_courier.cli.job_ids import SHOWN_DIGITS
from verdict_courier.cli.texts import moment, plain, printable, state, time_text

Document = Mapping[str, Any]

_GAP = 1
_REMARK = 20  # characters of a name or a label
_GAPS = Box("    \n" * 8)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its cells in a terminal, and the whole values that a pipe gets.

    Columns of a high `rank` are left out first where space is short, and where no job
    has a value. Those of rank 0 are always there, and wrapped between words at need.
    """

    name: str
    rank: int
    cell: Callable[[Document], Text]
    value: Callable[[Document], str] | None = None
    right: bool = False


def identity_columns() -> list[Column]:
    """Return the columns that every table has: which job it is, and how it does."""
    return [
        Column(
            name="job",
            rank=0,
            cell=lambda job: plain(job["job_id"][:SHOWN_DIGITS]),
            value=lambda job: job["job_id"],
        ),
        Column(
            name="type",
            rank=0,
            cell=lambda job: plain(f"{job['provider']} {job['type']}"),
        ),
        Column(
            name="state",
            rank=0,
            cell=state,
            value=lambda job: state(job, running="").plain,
        ),
    ]


def remark_columns() -> list[Column]:
    """Return the columns of what people said of a job: its file's name, and a label."""

    def column(name: str, rank: int) -> Column:
        def value(job: Document) -> str:
            return str(job.get(name) or "")  # an older deployment has neither

        def cell(job: Document) -> Text:
            text = printable(value(job))
            return Text(text if len(text) <= _REMARK else f"{text[: _REMARK - 1]}…")

        return Column(name=name, rank=rank, cell=cell, value=value)

    return [column("name", 2), column("label", 3)]


def list_columns(zone: tzinfo | None) -> list[Column]:
    """Return the columns of the list of jobs; times are in `zone`."""

    def received(job: Document) -> str:
        at = moment(job["received_at"], zone)
        return at.isoformat(timespec="seconds") if at else ""

    return [
        *identity_columns(),
        Column(
            name="received",
            rank=1,
            cell=lambda job: plain(time_text(job["received_at"], zone)),
            value=received,
        ),
        Column(
            name="rows", rank=4, cell=lambda job: plain(job["rows"] or ""), right=True
        ),
        Column(
            name="checks", rank=5, cell=lambda job: plain(job["checks"]), right=True
        ),
        *remark_columns(),
    ]


def fitting(columns: Sequence[Column], jobs: Sequence[Document], width: int) -> Table:
    """Return a table of the columns that fit into `width` characters."""
    cells = {column.name: [column.cell(job) for job in jobs] for column in columns}
    needed = {
        name: max(len(name), *(text.cell_len for text in texts), 0)
        for name, texts in cells.items()
    }
    shown = {column.name for column in columns if column.rank == 0}
    left = width - sum(needed[name] + _GAP for name in shown) + _GAP
    for column in sorted(columns, key=lambda column: column.rank):
        if column.rank == 0 or (jobs and not any(cells[column.name])):
            continue
        left -= needed[column.name] + _GAP
        if left < 0:
            break
        shown.add(column.name)
    drawn = [column for column in columns if column.name in shown]
    excess = sum(needed[column.name] + _GAP for column in drawn) - _GAP - width
    # A box of gaps has none at the edges; padding would add one there.
    table = Table(box=_GAPS, show_edge=False, show_header=False, padding=0)
    for column in drawn:
        texts = [column.name, *(text.plain for text in cells[column.name])]
        longest_word = max(len(word) for text in texts for word in text.split())
        saved = max(min(excess, needed[column.name] - longest_word), 0)
        excess -= saved
        table.add_column(
            column.name,
            justify="right" if column.right else "left",
            width=needed[column.name] - saved,
            overflow="fold",
        )
    table.add_row(*(column.name for column in drawn), style="bold")
    for row in range(len(jobs)):
        table.add_row(*(cells[column.name][row] for column in drawn))
    return table


def lines(columns: Sequence[Column], jobs: Iterable[Document]) -> Iterable[str]:
    """Return a line for each job: whole values, separated by tabs."""
    for job in jobs:
        values = [
            printable(column.value(job)) if column.value else column.cell(job).plain
            for column in columns
        ]
        yield "\t".join(values)
