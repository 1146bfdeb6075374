"""Batches: prepared, run request by request, and gathered."""

import pytest

from functions.core.batch_results import parse_results
from tests.workflow.request_scenarios import REQUESTS
from tests.workflow.runs import Traces


def test_a_batch_is_prepared_run_and_gathered(traces: Traces) -> None:
    """It is reported like any job, but has nothing more to collect."""
    trace = traces["batch"]

    assert trace.states == (
        *(
            "Begin",
            "Known",
            "Prepare",
            "Route",
            "Requests",
            "Gather",
            "Route",
        ),
        *("Joinable", "Manifest", "Conclude", "Notify", "Judge", "Delivered"),
    )
    assert trace.request_states(0) == (
        *("Submit", "Route", "Listen", "Check", "Route"),
        *("Download", "Judge", "Succeeded"),
    )


def test_each_request_has_its_own_result(traces: Traces) -> None:
    """However a request ends, it has a result and does not stop the others."""
    trace = traces["batch of all scenarios"]

    results = parse_results(trace.output["answers"], requests=len(REQUESTS))
    assert dict(zip(REQUESTS, results, strict=True)) == {
        name: expected for name, (_, expected) in REQUESTS.items()
    }
    assert trace.status == "SUCCEEDED"


@pytest.mark.parametrize("name", [name for name in REQUESTS if "retried" in name])
def test_a_request_is_retried_as_a_job_is(traces: Traces, name: str) -> None:
    """The retries happen in the request's own execution."""
    trace = traces["batch of all scenarios"]
    number = list(REQUESTS).index(name)

    assert trace.request_states(number) == trace.request_states(0)


def test_a_batch_without_results_is_concluded(traces: Traces) -> None:
    """There is nothing to report, so the job fails with its requests' error."""
    trace = traces["batch without results"]

    assert trace.states[4:8] == ("Requests", "Gather", "Route", "Conclude")
    assert trace.error == "OutOfCredits"


def test_a_batch_whose_map_fails_is_concluded(traces: Traces) -> None:
    """The Map itself may fail, and that is recorded and announced, too."""
    trace = traces["batch without items"]

    assert trace.states[3:6] == ("Route", "Requests", "Conclude")
    assert trace.status == "FAILED"
