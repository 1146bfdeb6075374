"""Serve a local stack for `make up`, in a process of its own, until a signal."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from local import sample, stack_record
from local.api_docs import serve_api_docs
from local.assembly import SynthFailed
from local.deploy import DeploymentFailed
from local.drill_server import serve_drills
from local.drills import DrillSwitch
from local.emulator.process import EmulatorFailed
from local.simulators.clock import RunningClock
from local.stack import LocalStack, running
from local.stack_record import open_private

_ROOT = Path(__file__).parents[1]
_PERSON = ("person.json", sample.full_check())
_ROWS = 1_000


def main() -> int:
    """Serve until a signal; stdout gets the phases until then, stderr is the log."""
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, _stop)
    record_file = stack_record.RECORD
    new = record_file.with_suffix(".new")
    with open_private(new) as file:
        # The lock ends with this process, however it ends: see `running_record`.
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            with (
                running(clock=RunningClock(), verbose=True, on_progress=_tell) as stack,
                serve_api_docs(stack.api_url) as api_docs_url,
                _console(stack) as console_url,
                serve_drills(DrillSwitch(stack.ipqs, stack.txncheck)) as drills_url,
            ):
                record = {
                    "pid": os.getpid(),
                    "api_url": stack.api_url,
                    "console_url": console_url,
                    "drills_url": drills_url,
                    "commands": _commands_to_try(stack),
                    "addresses": _addresses(stack, api_docs_url),
                }
                file.write(json.dumps(record).encode())
                file.flush()
                new.replace(record_file)
                _note("The stack is ready.")
                os.dup2(2, 1)  # the end of the phases; what follows is for the log
                signal.pause()
        except (SynthFailed, DeploymentFailed, EmulatorFailed) as failure:
            _note(f"✗ {failure}")
            return 1
        finally:
            record_file.unlink(missing_ok=True)
            new.unlink(missing_ok=True)
    return 0


def _stop(*_: object) -> NoReturn:
    """Leave every block that is open, once."""
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, signal.SIG_IGN)
    raise SystemExit(0)


def _tell(phase: str, detail: str) -> None:
    """Write to `up` and the log what the stack does now."""
    print(phase, detail, sep="\t", flush=True)  # noqa: T201 - see `main`
    _note(f"{phase} {detail}".rstrip())


def _note(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)  # noqa: T201 - the log


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
    }


def _commands_to_try(stack: LocalStack) -> dict[str, str]:
    """Write samples, and return commands that work as they are, in the clone."""
    samples = stack_record.RECORD.with_name("samples")
    for name, content in (("emails.csv", sample.emails(_ROWS)), _PERSON):
        samples.mkdir(parents=True, exist_ok=True)
        (samples / name).write_bytes(content)
    folder = samples.relative_to(_ROOT)
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


if __name__ == "__main__":
    sys.exit(main())
