"""Each simulator also runs as a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from local.simulators.ipqs import IpqsSimulator
from tests.simulators.api_client import BODIES, SECONDS
from tests.simulators.webhook_listener import WebhookListener

ROOT = Path(__file__).parents[2]


@contextmanager
def command(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a simulator's command line, and end it if it does not end by itself."""
    with subprocess.Popen(
        [sys.executable, "-m", "local.simulators", *arguments],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def end(process: "subprocess.Popen[str]", by: signal.Signals | None) -> int:
    """End a process by a signal, or by closing its stdin; return its exit code."""
    assert process.stdin is not None
    if by is None:
        process.stdin.close()
    else:
        process.send_signal(by)
    return process.wait(SECONDS)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, None])
def test_ipqs_serves_until_it_is_ended(by: signal.Signals | None) -> None:
    """It prints its addresses and ends cleanly: by a signal, or with its parent."""
    with command("ipqs", "--key", "k", "--until-stdin-closes") as process:
        assert process.stdout is not None
        lines = dict(process.stdout.readline().split() for _line in range(3))
        url = f"{lines['API']}/api/json/csv/k/list"
        listed = requests.get(url, timeout=SECONDS).json()
        assert end(process, by) == 0

    assert listed["total_csvs"] == 0
    assert lines["Key"] == "k"
    assert lines["Downloads"] != lines["API"]


@pytest.mark.parametrize("by", [signal.SIGTERM, None])
def test_txncheck_sends_webhooks_until_it_is_ended(by: signal.Signals | None) -> None:
    """The local stack's webhooks are those of a running clock."""
    options = ("--key", "k", "--seconds-per-state", "0", "--until-stdin-closes")
    with (
        WebhookListener.listening() as receiver,
        command("txncheck", *options, "--webhook-url", receiver.url) as process,
    ):
        assert process.stdout is not None
        lines = dict(process.stdout.readline().split() for _line in range(2))
        answer = requests.post(
            f"{lines['API']}/kyc-by-mobile",
            json=BODIES["kyc-by-mobile"],
            headers={"X-API-Key": "k"},
            timeout=SECONDS,
        )
        receiver.wait()
        assert end(process, by) == 0

    assert answer.status_code == 202
    assert lines["Key"] == "k"


def test_says_why_it_cannot_serve(ipqs: IpqsSimulator) -> None:
    """The exit code tells a script, the sentence tells a person."""
    port = ipqs.base_url.rpartition(":")[2]

    for options in (
        ("ipqs", "--port", port),
        ("txncheck", "--port", port),
        ("txncheck", "--webhook-url", "http://example.com:80/"),
    ):
        with command(*options) as process:
            output, errors = process.communicate(timeout=SECONDS)

        assert process.returncode == 1
        assert output == ""
        assert errors.startswith("cannot serve: ")


@pytest.mark.parametrize(
    ("argument", "code"), [("--speed", 2), ("nobody", 2), ("--help", 0)]
)
def test_refuses_wrong_arguments(argument: str, code: int) -> None:
    """argparse ends with 2, and --help with 0."""
    with command(argument) as process, suppress(BrokenPipeError):
        process.communicate(timeout=SECONDS)

    assert process.returncode == code
