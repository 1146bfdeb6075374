"""Run one job on this machine, and follow it live from the upload to the notice."""

import signal
import sys

if __name__ == "__main__":
    # Until the modules are read, Ctrl-C has nothing to stop: end without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    print("The demo:", flush=True)  # noqa: T201 - the first of its lines

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from local import phases
from local.assembly import SynthFailed
from local.demo_options import DemoMisused, demo_type, kept_folder, parse, source
from local.demo_progress import DemoFailed, follow
from local.demo_results import keep_files, show_files, show_rows
from local.deploy import DeploymentFailed
from local.emulator.process import EmulatorFailed
from local.plain_lines import plain_lines
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
_FAILURES = (DemoFailed, DemoMisused, SynthFailed, DeploymentFailed, EmulatorFailed)


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run the demo; return 0 only if the manifest's verdict is complete."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    phases.accept_any_text()
    options = parse(arguments)
    console = Console(file=plain_lines(sys.stdout), highlight=False, emoji=False)
    errors = Console(stderr=True, highlight=False, emoji=False)
    try:
        type_ = demo_type(options.provider, options.type)
        name, content = source(options.file, options.provider, type_)
        kept = kept_folder(options.file)
        with (
            phases.shown(sys.stdout) as shown,
            running(
                clock=RunningClock(),
                behaviour=_IPQS_BEHAVIOUR,
                txncheck_behaviour=_TXNCHECK_BEHAVIOUR,
                on_progress=shown.begin,
            ) as stack,
        ):
            shown.end()
            key = f"{options.provider}/{type_}/{name}"
            _run(stack, key, content, console=console, shown=shown, folder=kept)
    except _FAILURES as failure:
        errors.print(Text.assemble(("✗", "red"), f" {failure}"), soft_wrap=True)
        return 2 if isinstance(failure, DemoMisused) else 1
    except KeyboardInterrupt:
        errors.print("Interrupted. The stack has ended, and its job with it.")
        return 130
    return 0


def _run(
    stack: LocalStack,
    key: str,
    content: bytes,
    *,
    console: Console,
    shown: phases.Phases,
    folder: Path | None,
) -> None:
    job_id = stack.put(key, content)
    console.print(f"Uploaded [bold]{key}[/] ({len(content):,} bytes) to the inbox.")
    console.print(f"The job_id, everywhere: [bold]{job_id}[/]\n", soft_wrap=True)

    view = follow(stack, job_id, console, shown)
    shown.begin("Waiting for the notice")
    notice = _notice(stack, job_id)
    shown.end()
    if view.woken_early_seconds:
        console.print(
            f"\nA webhook ended the wait [bold]{view.woken_early_seconds:.0f} s[/] "
            "before the next poll. Its body was not used: the result was requested "
            "from the provider.",
            soft_wrap=True,
        )
    _show_notice(notice, console)
    if view.job is None or view.status != "SUCCEEDED":
        advice = view.job.advice if view.job else ""
        raise DemoFailed(f"the job failed: {view.error}. {advice}")

    manifest = json.loads(stack.result(view.job.manifest_key))
    show_files(manifest, console)
    if folder is not None:
        keep_files(manifest, stack.result, folder / job_id[:12], console)
    show_rows(manifest, stack.result, console)
    console.print(
        "\nA simulator played the provider and invented the verdicts: they say nothing "
        "about what was sent.",
        soft_wrap=True,
    )
    verdict = manifest["rows"]["verdict"]
    if verdict != "complete":
        raise DemoFailed(f"the manifest says {verdict}, not complete")
    console.print(
        f"[green]✓[/] The outcome is [bold]{manifest['outcome']}[/], "
        "and the manifest says [bold]complete[/]."
    )


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
