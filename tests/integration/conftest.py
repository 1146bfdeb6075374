"""The whole stack on this machine, deployed once: its real functions, real sockets."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.simulators.clock import RunningClock
from local.simulators.txncheck import TxncheckSimulator
from local.stack import LocalStack, running, webhook_scheme
from tests.integration.harness import JobRunner

#: A provider that finishes at once; waiting is tested elsewhere.
_AT_ONCE = {
    "seconds_new": 0.0,
    "seconds_processing": 0.0,
    "seconds_unique_results": 0.0,
    "seconds_finalizing": 0.0,
}


@pytest.fixture(scope="session")
def stack(assembly: Callable[[str], Path]) -> Iterator[LocalStack]:
    """Run the stack, with waits that take no time."""
    with running(
        wait_scale=0.0, clock=RunningClock(), assembly=assembly("local")
    ) as started:
        yield started


@pytest.fixture
def courier(stack: LocalStack) -> JobRunner:
    """Return a runner for the stack, whose provider has no jobs."""
    stack.ipqs.reset()
    stack.ipqs.behave(**_AT_ONCE)
    return JobRunner(stack)


@pytest.fixture
def txncheck(stack: LocalStack) -> Iterator[TxncheckSimulator]:
    """Return the other provider, without jobs; it finishes them at once.

    Waits take their real time in these tests: one of no time would get no webhook.
    """
    stack.txncheck.reset()
    stack.txncheck.webhook_url = f"{stack.api_url}/webhooks/txncheck"
    stack.txncheck.behave(
        webhook_scheme=webhook_scheme(), seconds_queued=0.0, seconds_processing=0.0
    )
    stack.emulator.set_wait_scale(1.0)
    yield stack.txncheck
    stack.emulator.set_wait_scale(0.0)
