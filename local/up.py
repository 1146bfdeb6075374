"""Run a local stack in the background until `down` stops it."""

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console

from local import sample
from local.api_docs import serve_api_docs
from local.simulators.clock import RunningClock
from local.stack import LocalStack, running

_ROOT = Path(__file__).parents[1]
_RECORD = _ROOT / ".local" / "stack.json"
_LOG = _RECORD.with_name("stack.log")
_LOCK = _RECORD.with_name("lock")
_SAMPLES = _RECORD.with_name("samples")
_PERSON = ("person.json", sample.full_check())
_ROWS = 1_000
_PATIENCE_SECONDS = 120.0


def main() -> int:
    """Start, stop or serve the local stack, and return an exit code."""
    parser = argparse.ArgumentParser(prog="up", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "serve"))
    command = parser.parse_args().command
    try:
        return {"up": _up, "down": _down, "serve": _serve}[command]()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)  # noqa: T201 - a command's answer
        return 130


def _up() -> int:
    console = Console(highlight=False, emoji=False)
    _RECORD.parent.mkdir(mode=0o700, exist_ok=True)
    with _LOCK.open("w") as lock:
        # A second `up` at the same time waits, and finds the stack of the first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        record = running_record() or _start(console)
    if record is None:
        console.print(f"[red]✗[/] The stack did not start; see {_LOG}")
        return 1
    for name, value in record["addresses"].items():
        console.print(f"{name:<20} {value}", soft_wrap=True)
    console.print("\nStop it with `make down`. The page of its jobs, live:")
    console.print(record["console_url"], soft_wrap=True)
    return 0


def _start(console: Console) -> dict[str, Any] | None:
    """Start the process of the stack, and return its record; None if it failed."""
    with open_private(_LOG) as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "local.up", "serve"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    record = None
    try:
        with console.status("Starting the local stack …"):
            while server.poll() is None and time.monotonic() < give_up_at:
                if (record := running_record()) is not None:
                    return record
                time.sleep(0.1)
    finally:
        if record is None:  # also after Ctrl-C
            server.terminate()
    return None


def _down() -> int:
    record = running_record()
    if record is None:
        print("No local stack is running.")  # noqa: T201 - a command's answer
        return 0
    os.kill(record["pid"], signal.SIGTERM)
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while running_record() is not None:
        if time.monotonic() > give_up_at:
            print(f"Process {record['pid']} does not end.")  # noqa: T201 - the same
            return 1
        time.sleep(0.1)
    print("The local stack has ended.")  # noqa: T201 - the same
    return 0


def _serve() -> int:
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())
    new = _RECORD.with_suffix(".new")
    with open_private(new) as file:
        # The lock ends with this process, however it ends: see `running_record`.
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            with (
                running(clock=RunningClock()) as stack,
                serve_api_docs(stack.api_url) as api_docs_url,
                _console(stack) as console_url,
            ):
                record = {
                    "pid": os.getpid(),
                    "api_url": stack.api_url,
                    "console_url": console_url,
                    "addresses": _addresses(stack, api_docs_url),
                }
                file.write(json.dumps(record).encode())
                file.flush()
                new.replace(_RECORD)
                stop.wait()
        finally:
            _RECORD.unlink(missing_ok=True)
            new.unlink(missing_ok=True)
    return 0


def open_private(path: Path) -> BinaryIO:
    """Open a file to be written anew, which no other user of the machine can read.

    The record has the page's key, and whoever has that sees the jobs. The mode of a
    file that is there stays as it was, so that one is replaced.
    """
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextmanager
def _console(stack: LocalStack) -> Iterator[str]:
    """Run the web console in a process of its own, and yield its address."""
    options = (
        f"--api-url={stack.api_url}",
        f"--endpoint={stack.emulator.endpoint}",
        f"--topic={stack.outputs['NoticesTopicArn']}",
    )
    # The user's own AWS profile and proxy are not meant for a stack on this machine.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }
    with subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, "-m", "verdict_courier.console", *options],
        env={
            **environment,
            "AWS_CONFIG_FILE": os.devnull,
            "PYTHONPATH": str(_ROOT / "client"),
        },
        stdin=subprocess.PIPE,  # the console ends when this pipe is closed
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101 - for mypy
        assert process.stdout is not None  # noqa: S101 - for mypy
        with process.stdin:
            address = process.stdout.readline().strip()
            if not address:
                raise RuntimeError("the web console did not start")
            yield address


def _addresses(stack: LocalStack, api_docs_url: str) -> dict[str, str]:
    return {
        "Endpoint": stack.emulator.endpoint,
        **stack.outputs,
        "ApiUrl": stack.api_url,
        "API page": api_docs_url,
        "Notices queue": stack.notices_queue,
        "IPQS simulator": stack.ipqs.base_url,
        "TxnCheck simulator": stack.txncheck.base_url,
        **_commands_to_try(stack),
    }


def _commands_to_try(stack: LocalStack) -> dict[str, str]:
    """Write samples, and return commands that work as they are, in the clone."""
    for name, content in (("emails.csv", sample.emails(_ROWS)), _PERSON):
        _SAMPLES.mkdir(parents=True, exist_ok=True)
        (_SAMPLES / name).write_bytes(content)
    folder = _SAMPLES.relative_to(_ROOT)
    commands = {
        "Try": f"./courier submit {folder}/emails.csv --type email --wait",
        "or": f"./courier submit {folder}/person.json --provider txncheck "
        "--type full-check --wait",
    }
    if shutil.which("aws"):
        commands["or with S3"] = (
            "AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=us-east-1 "
            f"aws --endpoint-url {stack.emulator.endpoint} s3 cp {folder}/emails.csv "
            f"s3://{stack.outputs['InboxBucket']}/ipqs/email/emails.csv"
        )
    return commands


def running_record() -> dict[str, Any] | None:
    """Return the record of the running stack, None if there is none.

    A record whose process was killed stays behind, and its process id may be another
    process by now. What shows that the stack runs is its lock on the record.
    """
    try:
        with _RECORD.open("rb") as file:
            if not _is_locked(file):
                return None
            record: dict[str, Any] = json.loads(file.read())
    except FileNotFoundError:
        return None
    return record


def _is_locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
