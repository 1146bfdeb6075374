"""Start a local stack in the background, and stop it."""

import signal
import sys

if __name__ == "__main__":
    # Until the modules are read, Ctrl-C has nothing to stop: end without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if "up" in sys.argv:
        print("The local stack:", flush=True)  # noqa: T201 - the first of its lines

import argparse
import fcntl
import os
import subprocess
import time
from datetime import datetime
from typing import Any

from rich.console import Console

from local import phases
from local.stack_record import LOG, RECORD, open_private, running_record

_STOP_SECONDS = 120.0
_SHOWN_LINES = 15
_READING = "Reading the modules"
_SERVING = [sys.executable, "-m", "local.serving"]


def main() -> int:
    """Start or stop the local stack, and return an exit code."""
    parser = argparse.ArgumentParser(prog="up", description=__doc__)
    parser.add_argument("command", choices=("up", "down"))
    command = parser.parse_args().command
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    phases.accept_any_text()
    try:
        return {"up": _up, "down": _down}[command]()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)  # noqa: T201 - a command's answer
        return 130


def _up() -> int:
    console = Console(highlight=False, emoji=False)
    RECORD.parent.mkdir(mode=0o700, exist_ok=True)
    with RECORD.with_name("lock").open("w") as lock:
        # A second `up` at the same time waits, and finds the stack of the first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        record = running_record() or _start()
    if record is None:
        _show_failure(console)
        return 1
    # A stack of earlier code has its commands among the addresses.
    for group in ("commands", "addresses"):
        for name, value in record.get(group, {}).items():
            console.print(f"{name:<20} {value}", markup=False, soft_wrap=True)
        console.print()
    if drill := _current_drill(record):
        console.print(f"{drill}\n", markup=False, soft_wrap=True)
    console.print("Stop it with `make down`. The page of its jobs, live:")
    console.print(record["console_url"], soft_wrap=True)
    return 0


def _current_drill(record: dict[str, Any]) -> str:
    """Return what there is to say of the drill that is on; nothing without one."""
    import requests  # noqa: PLC0415 - the first line of `make up` is printed sooner

    try:
        drilled = requests.get(record["drills_url"], timeout=5).json()
    except (requests.RequestException, KeyError):  # a stack of earlier code has none
        return ""
    if not drilled:
        return ""
    since = datetime.fromisoformat(drilled["since"]).astimezone()
    return (
        f"The drill {drilled['drill']} is on since {since:%Y-%m-%d %H:%M:%S}: the "
        "providers fail. `./courier drill off` ends it."
    )


def _start() -> dict[str, Any] | None:
    """Start the process of the stack, and return its record; None if it failed.

    It writes into a pipe which phase it is in, and closes it when it is ready. How long
    a phase may be without news is up to the phase.
    """
    with open_private(LOG) as log:
        server = subprocess.Popen(  # noqa: S603 - our own command line
            _SERVING,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    record = None
    try:
        with phases.shown(sys.stdout) as shown:
            shown.begin(_READING)
            assert server.stdout is not None  # noqa: S101 - a pipe, see above
            with server.stdout as news:
                for line in news:
                    shown.begin(*line.rstrip("\n").split("\t"))
            record = running_record()
            shown.end(failed=record is None)
    finally:
        if record is None:  # also after Ctrl-C
            _end(server)
    return record


def _end(server: "subprocess.Popen[str]") -> None:
    """End the process of a stack that did not start, and all that it has started."""
    server.terminate()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _show_failure(console: Console) -> None:
    """Print where to read why the stack did not start, and the end of it."""
    console.print(
        f"[red]✗[/] The stack did not start. The end of {LOG}:", soft_wrap=True
    )
    for line in LOG.read_text("utf-8", "replace").splitlines()[-_SHOWN_LINES:]:
        console.print(f"  {line}", markup=False, soft_wrap=True)


def _down() -> int:
    record = running_record()
    if record is None:
        print("No local stack is running.")  # noqa: T201 - a command's answer
        return 0
    os.kill(record["pid"], signal.SIGTERM)
    give_up_at = time.monotonic() + _STOP_SECONDS
    while running_record() is not None:
        if time.monotonic() > give_up_at:
            print(f"Process {record['pid']} does not end.")  # noqa: T201 - the same
            return 1
        time.sleep(0.1)
    print("The local stack has ended.")  # noqa: T201 - the same
    return 0


if __name__ == "__main__":
    sys.exit(main())
