"""Approvals: a quoted job is looked at by Submit, whatever has ended its wait."""

import pytest

from tests.workflow.runs import Traces


def test_an_approval_leads_to_submit(traces: Traces) -> None:
    """What comes with the token is no part of the job."""
    trace = traces["quoted"]

    assert trace.states[2:8] == (
        *("Prepare", "Route", "Approve", "Submit", "Route", "Wait"),
    )
    assert trace.status == "SUCCEEDED"
    assert trace.output["heard_at"] == 0.0


def test_the_end_of_a_wait_is_no_approval(traces: Traces) -> None:
    """Submit sends it back to wait, or to its end."""
    again, ended = traces["approved after a look"], traces["not approved"]

    assert again.states[4:10] == ("Approve", "Submit", "Route") * 2
    assert again.status == "SUCCEEDED"
    assert ended.states[4:] == (
        *("Approve", "Submit", "Route", "Conclude", "Notify", "Judge", "Failed"),
    )
    assert ended.error == "ApprovalMissing"


def test_an_approved_batch_goes_on_to_its_requests(traces: Traces) -> None:
    """It was prepared already: its rows are not read a second time."""
    states = traces["approved batch"].states

    assert states[4:8] == ("Approve", "Submit", "Route", "Requests")
    assert states.count("Prepare") == 1


@pytest.mark.fault(79)
def test_holds_where_waiting_fails(traces: Traces) -> None:
    """A fault of the wait must not end a job, nor send it."""
    trace = traces["Approve fails"]

    assert trace.states[4:7] == ("Approve", "Hold", "Submit")
    assert trace.status == "SUCCEEDED"
