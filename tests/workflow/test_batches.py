"""A batch: prepared, run request by request, and gathered."""

import pytest

from functions.core.batch_results import parse_results
from tests.workflow.machine import Walk
from tests.workflow.request_scenarios import REQUESTS


def test_a_batch_is_prepared_run_and_gathered(walks: dict[str, Walk]) -> None:
    """It is reported like any job, and collects nothing besides."""
    walk = walks["batch"]

    assert walk.states == (
        *("Known", "Submit", "Route", "Prepare", "Requests", "Gather", "Route"),
        *("Manifest", "Conclude", "Notify", "Judge", "Delivered"),
    )
    assert walk.states_of(0) == (
        *("Submit", "Route", "Listen", "Check", "Route"),
        *("Download", "Judge", "Succeeded"),
    )


def test_each_request_is_told_in_its_own_words(walks: dict[str, Walk]) -> None:
    """However it ended: neither do others stop for it, nor is it left out."""
    walk = walks["batch of all kinds"]

    told = parse_results(walk.output["answers"], requests=len(REQUESTS))
    assert dict(zip(REQUESTS, told, strict=True)) == {
        name: expected for name, (_, expected) in REQUESTS.items()
    }
    assert walk.status == "SUCCEEDED"


@pytest.mark.parametrize("name", [name for name in REQUESTS if "retried" in name])
def test_a_request_is_tried_again_as_a_job_is(
    walks: dict[str, Walk], name: str
) -> None:
    """In its own execution, without a word to the others."""
    walk = walks["batch of all kinds"]
    number = list(REQUESTS).index(name)

    assert walk.states_of(number) == walk.states_of(0)


def test_a_batch_without_a_result_is_concluded(walks: dict[str, Walk]) -> None:
    """There is nothing to report: the job failed of what its requests failed of."""
    walk = walks["batch without a result"]

    assert walk.states[4:8] == ("Requests", "Gather", "Route", "Conclude")
    assert walk.error == "OutOfCredits"


def test_a_batch_that_cannot_be_run_is_concluded(walks: dict[str, Walk]) -> None:
    """The Map itself may fail, and somebody has to hear of it."""
    walk = walks["batch without its list"]

    assert walk.states[3:6] == ("Prepare", "Requests", "Conclude")
    assert walk.status == "FAILED"
