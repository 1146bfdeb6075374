"""Show the progress of the demo's job, from the upload to the end of its execution."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from functions.core.model import PreparedList
from local.execution_view import ExecutionView, read_execution
from local.phases import Phases
from local.stack import LocalStack

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

#: Within which the job has to enter another state.
_PATIENCE_SECONDS = 600.0
_POLL_SECONDS = 0.25
_WAITS = ("Wait", "Listen")
_BEFORE = "Waiting for the upload's event"


class DemoFailed(Exception):
    """The job has no complete results; the message says why in one line."""


def follow(
    stack: LocalStack, job_id: str, console: Console, shown: Phases
) -> ExecutionView:
    """Show the job's progress until its execution ends, and return the execution.

    A terminal has an area that changes; into a pipe go lines, and the facts at the end.

    Raises:
        DemoFailed: The job enters no further state.
    """
    spinner = Spinner("dots", text=_BEFORE)
    views = _views(stack, job_id)
    with Live(spinner, console=console, refresh_per_second=8) as live:
        while True:
            view = next(views)
            if view is not None:
                live.update(_progress(view, spinner))
            if not console.is_terminal:
                shown.begin("Following the job", _activity(view))
            if view is not None and view.ended:
                shown.end()
                break
    if not console.is_terminal:
        console.print()  # into a pipe, `Live` writes no end of its last line
    return view


def _views(stack: LocalStack, job_id: str) -> Iterator[ExecutionView | None]:
    """Yield the execution again and again, None until there is one."""
    sfn = stack.emulator.client("stepfunctions")
    states, news_at = 0, time.monotonic()
    while True:
        view = _read(sfn, stack.execution_arn(job_id))
        yield view
        if view is not None and len(view.states) > states:
            states, news_at = len(view.states), time.monotonic()
        if time.monotonic() - news_at > _PATIENCE_SECONDS:
            raise DemoFailed(
                f"the job is stuck ({_activity(view)}); "
                "`make up` keeps a stack to look at"
            )
        time.sleep(_POLL_SECONDS)


def _read(sfn: "SFNClient", execution_arn: str) -> ExecutionView | None:
    try:
        return read_execution(sfn, execution_arn)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
            raise
        return None


def _activity(view: ExecutionView | None) -> str:
    """Return what the job does at the moment."""
    return view.states[-1] if view and view.states else _BEFORE


def _progress(view: ExecutionView, spinner: Spinner) -> Group:
    facts = Table.grid(padding=(0, 2))
    visits = Counter(view.states)  # in the order of the first visits
    names = [f"{name} x{n}" if n > 1 else name for name, n in visits.items()]
    facts.add_row("States", Text(" → ".join(names)))
    if (job := view.job) is not None:
        upcoming = ""
        if not view.ended and view.states and view.states[-1] in _WAITS:
            seconds_left = max(0.0, view.next_check_at - time.time())
            upcoming = f", the next in {seconds_left:.0f} s"
        if job.provider_ref:
            facts.add_row("Phase", str(job.phase))
        facts.add_row("Checks", f"{job.polls}{upcoming}")
        if prepared := job.prepared.records:
            facts.add_row("Records", f"{prepared:,}: {_quote(job.prepared)}")
        else:
            facts.add_row("Rows sent", f"{job.rows:,}")
        if job.files:
            facts.add_row("Bytes stored", f"{sum(f.bytes for f in job.files):,}")
    if view.ended:
        return Group(facts)
    spinner.update(text=_activity(view))
    return Group(facts, spinner)


def _quote(prepared: PreparedList) -> str:
    """Return what is sent of a list, and what is not."""
    counts = {
        "to send": prepared.sent,
        "duplicates": prepared.duplicates,
        "blank": prepared.blank,
        "not fit to send": prepared.not_sent,
    }
    return ", ".join(f"{count:,} {words}" for words, count in counts.items() if count)
