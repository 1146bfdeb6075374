"""Webhook waits: a webhook ends the wait early, and polling works without one."""

import pytest

from tests.workflow.runs import Traces
from tests.workflow.scripts import HEARD_AT


def test_a_webhook_ends_the_wait(traces: Traces) -> None:
    """Only its time is kept; the provider is asked for the status as always."""
    trace = traces["webhook"]

    assert trace.states[4:9] == ("Submit", "Route", "Listen", "Check", "Route")
    assert trace.output["heard_at"] == HEARD_AT
    assert trace.status == "SUCCEEDED"


def test_a_missing_webhook_costs_a_poll(traces: Traces) -> None:
    """The wait's timeout is its normal end, not a failure."""
    assert traces["no webhook"].states == traces["webhook"].states
    assert traces["no webhook"].status == "SUCCEEDED"
    assert traces["no webhook"].output["heard_at"] == 0.0


def test_each_wait_has_its_own_token(traces: Traces) -> None:
    """A webhook missed in the first wait does not prevent one in the second."""
    trace = traces["webhook in the second wait"]

    assert trace.states[6:12] == ("Listen", "Check", "Route") * 2
    assert trace.output["heard_at"] == HEARD_AT


@pytest.mark.fault(79)
def test_waits_where_listening_fails(traces: Traces) -> None:
    """A fault of the webhooks must not fail a job that polling would finish."""
    trace = traces["Listen fails"]

    assert trace.states[6:9] == ("Listen", "Wait", "Check")
    assert trace.status == "SUCCEEDED"
