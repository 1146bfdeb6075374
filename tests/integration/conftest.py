"""The whole stack on this machine, deployed once: its real functions, real sockets."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.stack import LocalStack, running
from tests.integration.courier import Courier

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
    with running(wait_scale=0.0, assembly=assembly("local")) as started:
        yield started


@pytest.fixture
def courier(stack: LocalStack) -> Courier:
    """Give the stack with a provider that has forgotten the test before."""
    stack.ipqs.reset()
    stack.ipqs.behave(**_AT_ONCE)
    return Courier(stack)
