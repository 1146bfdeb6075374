"""Run one job on this machine, and follow it live from the upload to the notice."""

import signal
import sys

if __name__ == "__main__":
    # Until the modules are read, Ctrl-C has nothing to stop: end without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import json
import time
from collections import Counter
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from functions.core.model import PreparedList
from local.assembly import SynthFailed
from local.demo_options import DemoMisused, demo_type, parse, source
from local.demo_results import show_files, show_rows
from local.execution_view import ExecutionView, read_execution
from local.simulators.ipqs import IpqsBehaviour, RunningClock
from local.simulators.txncheck import TxncheckBehaviour
from local.stack import LocalStack, running

if TYPE_CHECKING:
    from collections.abc import Sequence

# Long enough to see the provider's states, short enough to watch.
_IPQS_BEHAVIOUR = IpqsBehaviour(
    seconds_new=3.0,
    seconds_processing=9.0,
    seconds_unique_results=4.0,
    seconds_finalizing=4.0,
)
_TXNCHECK_BEHAVIOUR = TxncheckBehaviour(seconds_queued=2.0, seconds_processing=8.0)
_PATIENCE_SECONDS = 600.0
_POLL_SECONDS = 0.25
_WAITS = ("Wait", "Listen")


class DemoFailed(Exception):
    """The job has no complete results; the message says why in one line."""


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run the demo; return 0 only if the manifest's verdict is complete."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # it may lack characters of ours
            stream.reconfigure(errors="replace")
    options = parse(arguments)
    console = Console(highlight=False, emoji=False)
    errors = Console(stderr=True, highlight=False, emoji=False)
    try:
        type_ = demo_type(options.provider, options.type)
        name, content = source(options.file, options.provider, type_)
        with (
            console.status("Starting") as status,
            running(
                clock=RunningClock(),
                behaviour=_IPQS_BEHAVIOUR,
                txncheck_behaviour=_TXNCHECK_BEHAVIOUR,
                on_progress=lambda step: status.update(f"{step} …"),
            ) as stack,
        ):
            status.stop()
            _run(stack, f"{options.provider}/{type_}/{name}", content, console)
    except (DemoFailed, DemoMisused, SynthFailed) as failure:
        errors.print(Text.assemble(("✗", "red"), f" {failure}"), soft_wrap=True)
        return 2 if isinstance(failure, DemoMisused) else 1
    except KeyboardInterrupt:
        errors.print("Interrupted. The stack has ended, and its job with it.")
        return 130
    return 0


def _run(stack: LocalStack, key: str, content: bytes, console: Console) -> None:
    job_id = stack.put(key, content)
    console.print(f"Uploaded [bold]{key}[/] ({len(content):,} bytes) to the inbox.")
    console.print(f"The job_id, everywhere: [bold]{job_id}[/]\n", soft_wrap=True)

    view = _follow(stack, job_id, console)
    notice = _notice(stack, job_id)
    if view.job is None or view.status != "SUCCEEDED":
        advice = view.job.advice if view.job else ""
        _show_notice(notice, console)
        raise DemoFailed(f"the job failed: {view.error}. {advice}")

    manifest = json.loads(stack.result(view.job.manifest_key))
    show_files(manifest, console)
    show_rows(manifest, stack.result, console)
    if view.woken_early_seconds:
        console.print(
            f"\nA webhook ended the wait [bold]{view.woken_early_seconds:.0f} s[/] "
            "before the next poll. Its body was not used: the result was requested "
            "from the provider.",
            soft_wrap=True,
        )
    _show_notice(notice, console)
    verdict = manifest["rows"]["verdict"]
    if verdict != "complete":
        raise DemoFailed(f"the manifest says {verdict}, not complete")
    console.print(
        f"\n[green]✓[/] The outcome is [bold]{manifest['outcome']}[/], "
        "and the manifest says [bold]complete[/]."
    )


def _follow(stack: LocalStack, job_id: str, console: Console) -> ExecutionView:
    """Show the job's progress until its execution ends."""
    sfn = stack.emulator.client("stepfunctions")
    execution_arn = stack.execution_arn(job_id)
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    spinner = Spinner("dots")
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        while time.monotonic() < give_up_at:
            try:
                view = read_execution(sfn, execution_arn)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                    raise
                spinner.update(text="Waiting for the upload's event")
                live.update(spinner)
            else:
                live.update(_progress(view, spinner))
                if view.ended:
                    return view
            time.sleep(_POLL_SECONDS)
    raise DemoFailed("the job did not end in time; `make up` keeps a stack to look at")


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
    spinner.update(text=view.states[-1] if view.states else "Starting")
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


def _notice(stack: LocalStack, job_id: str) -> dict[str, Any]:
    """Return the job's notice as the subscribed queue received it."""
    for _ in range(10):
        for notice in stack.notices(wait_seconds=1):
            message: dict[str, Any] = notice
            if json.loads(message["Message"])["job_id"] == job_id:
                return message
    raise DemoFailed("no notice arrived in the queue that is subscribed to the topic")


def _show_notice(notice: dict[str, Any], console: Console) -> None:
    attributes = {
        name: value["Value"] for name, value in notice["MessageAttributes"].items()
    }
    console.print("\nThe notice, as a subscribed queue received it:")
    console.print_json(notice["Message"])
    console.print(f"with the attributes {json.dumps(attributes)}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
