"""The whole stack on this machine, deployed once: its real functions, real sockets."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.simulators.clock import RunningClock
from local.simulators.txncheck import TxncheckSimulator
from local.stack import LocalStack, running, webhook_scheme
from tests.integration.harness import JobRunner

#: A provider that is finished as soon as it is asked: waiting is tested elsewhere.
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
    """Give the stack with a provider that has forgotten the test before."""
    stack.ipqs.reset()
    stack.ipqs.behave(**_AT_ONCE)
    return JobRunner(stack)


@pytest.fixture
def txncheck(stack: LocalStack) -> Iterator[TxncheckSimulator]:
    """Give the other provider, as forgetful, and with nothing but webhooks to wait for.

    Waits take their time in these tests: a wait that is over at once hears nothing.
    """
    stack.txncheck.reset()
    stack.txncheck.webhook_url = f"{stack.api_url}/webhooks/txncheck"
    stack.txncheck.behave(
        webhook_scheme=webhook_scheme(), seconds_queued=0.0, seconds_processing=0.0
    )
    stack.emulator.set_wait_scale(1.0)
    yield stack.txncheck
    stack.emulator.set_wait_scale(0.0)
