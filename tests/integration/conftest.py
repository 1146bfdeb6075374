"""The whole stack on this machine, deployed once: its real functions, real sockets."""

import fcntl
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from verdict_courier.cli.__main__ import main

from functions.aws.job_store import JobStore
from functions.core.keys import RATE_LIMIT_ITEM_PREFIX
from local.drill_server import serve_drills
from local.drills import DrillSwitch
from local.simulators.clock import RunningClock
from local.simulators.txncheck import TxncheckSimulator
from local.stack import LocalStack, running, webhook_scheme
from tests.integration.harness import IPQS_AT_ONCE, JobRunner, Run
from tools.browser import NEEDED, browser, chromium


@pytest.fixture(scope="session")
def stack(assembly: Callable[[str], Path]) -> Iterator[LocalStack]:
    """Run the stack, with IAM in force, and with waits that take no time."""
    with running(
        wait_scale=0.0, auth=True, clock=RunningClock(), assembly=assembly("local")
    ) as started:
        yield started


@pytest.fixture
def runner(stack: LocalStack) -> JobRunner:
    """Return a runner for the stack, whose IPQS has no jobs and finishes them at once.

    Tests of waiting set other switches.
    """
    stack.ipqs.reset()
    stack.ipqs.behave(**IPQS_AT_ONCE)
    return JobRunner(stack)


@pytest.fixture
def slow(runner: JobRunner) -> Iterator[None]:
    """Make IPQS never finish, and waits take their real time."""
    runner.stack.ipqs.behave(seconds_processing=1e9)
    runner.stack.emulator.set_wait_scale(1.0)
    yield
    runner.stack.emulator.set_wait_scale(0.0)


@pytest.fixture
def txncheck(stack: LocalStack) -> Iterator[TxncheckSimulator]:
    """Return the simulator of TxnCheck, which has no jobs and finishes them at once.

    Waits take their real time: a wait that is over at once gets no webhook.
    """
    stack.txncheck.reset()
    _free_slots(stack)
    stack.txncheck.webhook_url = f"{stack.api_url}/webhooks/txncheck"
    stack.txncheck.behave(
        webhook_scheme=webhook_scheme(), seconds_queued=0.0, seconds_processing=0.0
    )
    stack.emulator.set_wait_scale(1.0)
    yield stack.txncheck
    stack.emulator.set_wait_scale(0.0)


def _free_slots(stack: LocalStack) -> None:
    """Forget the slots of the rate that other tests have reserved.

    They are in real time: whoever comes after many requests would wait for a minute.
    """
    dynamodb = stack.emulator.client("dynamodb")
    for table in dynamodb.list_tables()["TableNames"]:
        if "Waits" not in table:
            continue
        for item in dynamodb.scan(TableName=table)["Items"]:
            if item["wait_id"]["S"].startswith(RATE_LIMIT_ITEM_PREFIX):
                dynamodb.delete_item(TableName=table, Key={"wait_id": item["wait_id"]})


@pytest.fixture
def job_store(stack: LocalStack) -> JobStore:
    """Return the jobs table, to write what would take days to arise."""
    return JobStore(
        stack.outputs["JobsTable"],
        dynamodb=stack.emulator.client("dynamodb"),
        keep_days=90,
    )


@pytest.fixture
def run(
    stack: LocalStack,
    runner: JobRunner,  # noqa: ARG001 - resets the provider
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Return a function that runs a command; it returns exit code, output and notes."""
    record = tmp_path / "stack.json"
    addresses = {**stack.outputs, "Endpoint": stack.emulator.endpoint}
    local = {"api_url": stack.api_url, "console_url": "http://c/"}
    monkeypatch.setattr("verdict_courier.cli.endpoints.RECORD", record)
    monkeypatch.setattr("verdict_courier.cli.following._POLL_SECONDS", 0.05)
    monkeypatch.setenv("COLUMNS", "200")

    def run_command(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    with serve_drills(DrillSwitch(stack.ipqs, stack.txncheck)) as drills_url:
        local["drills_url"] = drills_url
        record.write_text(json.dumps({**local, "addresses": addresses}))
        with record.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)  # as the process of a stack does
            yield run_command


@pytest.fixture(scope="module")
def web_browser() -> Iterator[Browser]:
    """Run one browser for all tests of a module."""
    executable = chromium()
    if executable is None:
        pytest.skip(NEEDED)
    with browser(executable) as running:
        yield running
