"""Demo: the main job on this machine, followed live from the upload to the notice."""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from infra import config
from local import sample
from local.assembly import SynthFailed
from local.journey import Journey, look
from local.simulators.ipqs import IpqsBehaviour, RunningClock
from local.simulators.txncheck import TxncheckBehaviour
from local.stack import STAGE, LocalStack, running

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS = 1_000
#: What is shown of each provider, unless told otherwise.
_SHOWN = {"ipqs": "email", "txncheck": "full-check"}
# Long enough to see the provider's states, short enough to watch.
_LIFE = IpqsBehaviour(
    seconds_new=3.0,
    seconds_processing=9.0,
    seconds_unique_results=4.0,
    seconds_finalizing=4.0,
)
_ASKED = TxncheckBehaviour(seconds_queued=2.0, seconds_processing=8.0)
_PATIENCE_SECONDS = 600.0
_LOOK_SECONDS = 0.25
_WAITS = (("Wait",), ("Listen",))


class DemoFailed(Exception):
    """The job did not end complete; the text is one line that says why."""


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run the demo; 0 only if the manifest says complete."""
    options = _options().parse_args(arguments)
    console = Console(highlight=False, emoji=False)
    type_ = options.type or _SHOWN[options.provider]
    try:
        name, content = _content(options.file, options.provider, type_)
        with (
            console.status("Starting") as status,
            running(
                clock=RunningClock(),
                behaviour=_LIFE,
                txncheck_behaviour=_ASKED,
                tell=lambda step: status.update(f"{step} …"),
            ) as stack,
        ):
            status.stop()
            _run(stack, f"{options.provider}/{type_}/{name}", content, console)
    except (DemoFailed, SynthFailed) as failure:
        complaints = Console(stderr=True, highlight=False, emoji=False)
        complaints.print(f"[red]✗[/] {failure}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _options() -> argparse.ArgumentParser:
    known = config.stage(STAGE, config.context()["courier"]).providers
    types = sorted({type_ for one in known.values() for type_ in one.types})
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument(
        "--file", default="", metavar="FILE", help="your own, instead of the sample"
    )
    parser.add_argument(
        "--type", default="", choices=["", *types], help="what it lists or asks"
    )
    parser.add_argument(
        "--provider", default="ipqs", choices=sorted(known), help="who verifies it"
    )
    return parser


def _content(file: str, provider: str, type_: str) -> tuple[str, bytes]:
    """Give the file and its name."""
    if not file and type_ == "full-check":
        return "sample.json", sample.full_check()
    if not file and provider == "ipqs":
        return "sample.csv", sample.emails(_ROWS)
    if not file:
        raise DemoFailed(f"there is no sample of {type_}: name a file with FILE=…")
    try:
        return Path(file).name, Path(file).read_bytes()
    except OSError as error:
        raise DemoFailed(f"cannot read {file}: {error.strerror}") from None


def _run(stack: LocalStack, key: str, content: bytes, console: Console) -> None:
    job_id = stack.put(key, content)
    console.print(f"Dropped [bold]{key}[/] ({len(content):,} bytes) into the inbox.")
    console.print(f"Its job_id, in every place: [bold]{job_id}[/]\n", soft_wrap=True)

    journey = _follow(stack, job_id, console)
    notice = _notice(stack, job_id)
    if journey.job is None or journey.status != "SUCCEEDED":
        advice = journey.job.advice if journey.job else ""
        _show_notice(notice, console)
        raise DemoFailed(f"the job failed: {journey.error}. {advice}")

    manifest = json.loads(stack.result(journey.job.manifest_key))
    _show_results(manifest, console)
    if journey.woken_early_seconds:
        console.print(
            f"\nA webhook ended the wait [bold]{journey.woken_early_seconds:.0f} s[/] "
            "before the next poll. Its body was dropped: the result was read from the "
            "provider.",
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


def _follow(stack: LocalStack, job_id: str, console: Console) -> Journey:
    states = stack.emulator.client("stepfunctions")
    execution = stack.execution_arn(job_id)
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    spinner = Spinner("dots")
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        while time.monotonic() < give_up_at:
            journey = _look(states, execution)
            live.update(_picture(journey, spinner))
            if journey is not None and journey.ended:
                return journey
            time.sleep(_LOOK_SECONDS)
    raise DemoFailed("the job did not end in time; `make up` keeps a stack to look at")


def _look(states: Any, execution: str) -> Journey | None:  # noqa: ANN401 - boto3's client
    try:
        return look(states, execution)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return None  # the event is still on its way
        raise


def _picture(journey: Journey | None, spinner: Spinner) -> Group:
    if journey is None:
        spinner.update(text="Waiting for the upload's event")
        return Group(spinner)
    facts = Table.grid(padding=(0, 2))
    facts.add_row("States", _way(journey))
    if (job := journey.job) is not None:
        left = max(0.0, journey.next_check_at - time.time())
        waits = not journey.ended and journey.states[-1:] in _WAITS
        upcoming = f", the next in {left:.0f} s" if waits else ""
        if job.provider_ref:
            facts.add_row("Provider says", str(job.phase))
        facts.add_row("Checks", f"{job.polls}{upcoming}")
        facts.add_row("Rows sent", f"{job.rows:,}")
        if job.files:
            facts.add_row("Bytes fetched", f"{sum(f.bytes for f in job.files):,}")
    if journey.ended:
        return Group(facts)
    spinner.update(text=journey.states[-1] if journey.states else "Starting")
    return Group(facts, spinner)


def _way(journey: Journey) -> Text:
    """The states passed, each once and counted."""
    times = Counter(journey.states)  # in the order of the first visits
    shown = [f"{name} x{n}" if n > 1 else name for name, n in times.items()]
    return Text(" → ".join(shown))


def _notice(stack: LocalStack, job_id: str) -> dict[str, Any]:
    for _ in range(10):
        for notice in stack.notices(wait_seconds=1):
            message: dict[str, Any] = notice
            if json.loads(message["Message"])["job_id"] == job_id:
                return message
    raise DemoFailed("no notice came to the queue that is subscribed to the topic")


def _show_results(manifest: dict[str, Any], console: Console) -> None:
    table = Table(show_edge=False)
    table.add_column("kind")
    for column in ("rows", "bytes", "SHA-256"):
        table.add_column(column, justify="right")
    table.add_column("object")
    for file in manifest["files"]:
        table.add_row(
            file["kind"],
            f"{file['rows']:,}",
            f"{file['bytes']:,}",
            f"{file['sha256'][:12]}…",
            Path(file["key"]).name,
        )
    for kind in manifest["absent"]:
        table.add_row(kind, "", "", "", "no such result")
    console.print()
    folder = Path(manifest["files"][0]["key"]).parent
    console.print(f"Results in the bucket, under {folder}/", soft_wrap=True)
    console.print(table)
    rows = manifest["rows"]
    console.print(
        f"\nRows: {rows['sent']:,} sent, "
        f"{rows['removed'] or 0:,} removed (duplicates), "
        f"{_whole(rows):,} came back ({rows['invalid']:,} of them invalid). "
        f"Verdict: [bold]{rows['verdict']}[/].",
        soft_wrap=True,
    )


def _whole(rows: dict[str, Any]) -> int:
    received: dict[str, int] = rows["received"]
    return max(received.values(), default=0)


def _show_notice(notice: dict[str, Any], console: Console) -> None:
    attributes = {
        name: value["Value"] for name, value in notice["MessageAttributes"].items()
    }
    console.print("\nThe notice, as a subscribed queue received it:")
    console.print_json(notice["Message"])
    console.print(f"with the attributes {json.dumps(attributes)}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
