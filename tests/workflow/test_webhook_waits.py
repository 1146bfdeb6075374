"""A wait that listens: woken, unheard, or deaf."""

import pytest

from tests.workflow.machine import Walk
from tests.workflow.scripts import HEARD_AT


def test_a_webhook_ends_the_wait(walks: dict[str, Walk]) -> None:
    """When it came is all that is kept of it; the provider is asked as ever."""
    woken = walks["woken"]

    assert woken.states[:6] == ("Known", "Submit", "Route", "Listen", "Check", "Route")
    assert woken.output["heard_at"] == HEARD_AT
    assert woken.status == "SUCCEEDED"


def test_a_webhook_that_never_comes_costs_a_poll(walks: dict[str, Walk]) -> None:
    """The time-out of the wait is its end, and no failure."""
    assert walks["unheard"].states == walks["woken"].states
    assert walks["unheard"].status == "SUCCEEDED"
    assert walks["unheard"].output["heard_at"] == 0.0


def test_each_wait_listens_anew(walks: dict[str, Walk]) -> None:
    """Missed once, heard the next time: each wait has a token of its own."""
    states = walks["woken at last"].states

    assert states[3:9] == ("Listen", "Check", "Route") * 2
    assert walks["woken at last"].output["heard_at"] == HEARD_AT


@pytest.mark.fault(79)
def test_who_cannot_listen_waits(walks: dict[str, Walk]) -> None:
    """What is wrong with webhooks must not cost a job that polling would finish."""
    walk = walks["deaf"]

    assert walk.states[3:6] == ("Listen", "Wait", "Check")
    assert walk.status == "SUCCEEDED"
