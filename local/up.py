"""Up: a local stack that stays, until `down` ends it."""

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from verdict_courier.console.local_console import board_beside

from local.api_docs import served
from local.simulators.clock import RunningClock
from local.stack import LocalStack, running
from tools.openapi import document

_RECORD = Path(__file__).parents[1] / ".local" / "stack.json"
_LOG = _RECORD.with_name("stack.log")
_LOCK = _RECORD.with_name("lock")
_PATIENCE_SECONDS = 120.0


def main() -> int:
    """Start, end or be the local stack; exit codes as usual."""
    parser = argparse.ArgumentParser(prog="up", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "serve"))
    command = parser.parse_args().command
    return {"up": _up, "down": _down, "serve": _serve}[command]()


def _up() -> int:
    _RECORD.parent.mkdir(exist_ok=True)
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two at once, the second finds the first's
        return _up_alone()


def _up_alone() -> int:
    console = Console(highlight=False, emoji=False)
    if (record := _running()) is None:
        with _LOG.open("wb") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "local.up", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        with console.status("Starting the local stack …"):
            record = _await(server)
        if record is None:
            console.print(f"[red]✗[/] The stack did not start; see {_LOG}")
            return 1
    for name, value in record["shown"].items():
        console.print(f"{name:<20} {value}", soft_wrap=True)
    console.print("\nEnd it with `make down`. See its jobs, live:")
    console.print(record["page"], soft_wrap=True)
    return 0


def _down() -> int:
    record = _running()
    if record is None:
        print("No local stack is running.")  # noqa: T201 - a command's answer
        return 0
    os.kill(record["pid"], signal.SIGTERM)
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while _running() is not None:
        if time.monotonic() > give_up_at:
            print(f"Process {record['pid']} does not end.")  # noqa: T201 - the same
            return 1
        time.sleep(0.1)
    print("The local stack has ended.")  # noqa: T201 - the same
    return 0


def _serve() -> int:
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    try:
        with (
            running(clock=RunningClock()) as stack,
            served(document(), api_url=stack.api_url) as described,
            board_beside(stack) as page,
        ):
            fresh = _RECORD.with_suffix(".new")
            shown = _shown(stack, described)
            record = {"pid": os.getpid(), "shown": shown, "page": page}
            fresh.write_text(json.dumps(record))
            fresh.replace(_RECORD)
            stop.wait()
    finally:
        _RECORD.unlink(missing_ok=True)
    return 0


def _shown(stack: LocalStack, described: str) -> dict[str, str]:
    return {
        "Endpoint": stack.emulator.endpoint,
        **stack.outputs,
        "ApiUrl": stack.api_url,
        "API page": described,
        "Notices queue": stack.notices_queue,
        "IPQS simulator": stack.ipqs.base_url,
        "TxnCheck simulator": stack.txncheck.base_url,
        "Try": "AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x "
        "AWS_DEFAULT_REGION=us-east-1 "
        f"aws --endpoint-url {stack.emulator.endpoint} s3 cp my.csv "
        f"s3://{stack.outputs['InboxBucket']}/ipqs/email/my.csv",
        "or": "./courier submit my.csv --type email --wait",
        "and": "./courier submit person.json --provider txncheck --type full-check "
        "--wait",
    }


def _running() -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(_RECORD.read_text())
        os.kill(record["pid"], 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return record


def _await(server: "subprocess.Popen[bytes]") -> dict[str, Any] | None:
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < give_up_at:
        if (record := _running()) is not None:
            return record
        time.sleep(0.1)
    server.terminate()
    return None


if __name__ == "__main__":
    sys.exit(main())
