"""Definition: every state and transition, each Retry and each Catch is taken once."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.workflow.runs import Traces, Transition
from tests.workflow.scenarios import SCENARIOS


def test_delivers(traces: Traces) -> None:
    """A job without faults takes the path that the documentation shows."""
    trace = traces["simple"]

    assert trace.status == "SUCCEEDED"
    assert trace.states == (
        *("Begin", "Known", "Prepare", "Route", "Submit", "Route"),
        *("Wait", "Check", "Route"),
        *("Collect", "Download", "Download", "Joinable", "Manifest"),
        *("Conclude", "Notify", "Judge", "Delivered"),
    )


def test_a_prepared_list_is_joined(traces: Traces) -> None:
    """The results are there before the records are put beside them."""
    states = traces["joined"].states

    assert states[-7:-4] == ("Joinable", "Join", "Manifest")
    assert traces["joined"].status == "SUCCEEDED"


def test_what_cannot_be_joined_is_delivered(traces: Traces) -> None:
    """The provider's results are paid for; the manifest and the notice say the rest."""
    trace = traces["not joined"]

    assert trace.states[-8:-4] == ("Joinable", "Join", "Unjoined", "Manifest")
    assert trace.status == "SUCCEEDED"
    assert trace.output["joined"] == {"error": "RowsUnjoinable"}
    assert "failure" not in trace.output


def test_what_was_not_joined_is_joined_by_a_retry(traces: Traces) -> None:
    """What it joins is stored: the provider is not asked once more."""
    trace = traces["joined again"]

    assert trace.states[:5] == ("Begin", "Known", "Joinable", "Join", "Manifest")
    assert trace.status == "SUCCEEDED"


def test_polls_until_the_end(traces: Traces) -> None:
    """The loop is Wait, Check and Route, without another state that would cost."""
    assert traces["polled"].states[6:15] == ("Wait", "Check", "Route") * 3


def test_does_not_submit_again(traces: Traces) -> None:
    """A job with a reference is paid for: Submit would pay again."""
    assert "Submit" not in traces["already submitted"].states
    assert traces["already submitted"].status == "SUCCEEDED"


def test_holds_a_submission_until_later(traces: Traces) -> None:
    """A throttled submission waits in the state machine, not in a function."""
    trace = traces["on hold"]

    assert trace.states[3:8] == ("Route", "Submit", "Route", "Hold", "Submit")
    assert trace.status == "SUCCEEDED"


@pytest.mark.fault(102)
def test_another_execution_of_a_job_does_nothing(traces: Traces) -> None:
    """Neither is anything paid for, nor is its end recorded or announced."""
    trace = traces["started before"]

    assert (trace.status, trace.error) == ("FAILED", "JobAlreadyStarted")
    assert "courier retry" in trace.cause
    assert trace.states == ("Begin", "Repeated")


@pytest.mark.fault(101)
def test_a_job_that_was_cancelled_before_it_began_is_announced(traces: Traces) -> None:
    """Nobody else announces it: its execution could not be stopped."""
    trace = traces["ended before"]

    assert trace.states == ("Begin", "Conclude", "Notify", "Judge", "Failed")


@pytest.mark.fault(84)
def test_an_execution_that_cannot_begin_records_nothing(traces: Traces) -> None:
    """It may be another execution's job; `finalize_execution` finds out."""
    assert traces["not begun"].states == ("Begin", "Unrecorded")


@pytest.mark.fault(33)
def test_a_bad_outcome_fails_the_execution(traces: Traces) -> None:
    """The console shows the error's name in red, and what to do about it."""
    trace = traces["timed out"]

    assert trace.status == "FAILED"
    assert (trace.error, trace.cause) == ("DeadlinePassed", "do this")
    assert "Notify" in trace.states


def test_a_partial_result_is_delivered(traces: Traces) -> None:
    """Partial is an outcome with results, not a failure."""
    assert traces["partial"].states[-1] == "Delivered"


def test_a_failed_download_does_not_stop_the_others(traces: Traces) -> None:
    """Every result that is available is fetched; Manifest decides what is missing."""
    trace = traces["first download fails"]

    assert trace.states.count("Download") == 2
    failed, downloaded = trace.output["files"]
    assert failed == {"kind": "bad", "error": "LinkRefused"}
    assert downloaded == {"kind": "all", "attempts": 1}


def test_a_retried_download_counts_its_attempts(traces: Traces) -> None:
    """The manifest states the number of attempts for each result."""
    first, _ = traces["download repeated"].output["files"]

    assert first == {"kind": "bad", "attempts": 3}


@pytest.mark.fault(51)
def test_what_is_never_a_result_is_missing_after_the_last_try(traces: Traces) -> None:
    """Each try gets a new link; the other kinds are fetched all the same."""
    trace = traces["download never a result"]

    failed, downloaded = trace.output["files"]
    assert failed == {"kind": "bad", "error": "ResultNotATable"}
    assert downloaded == {"kind": "all", "attempts": 1}


def test_incomplete_results_are_concluded(traces: Traces) -> None:
    """A job without a manifest has failed, and is announced as failed."""
    trace = traces["results incomplete"]

    assert trace.states[-5:] == ("Manifest", "Conclude", "Notify", "Judge", "Failed")
    assert trace.error == "ResultsIncomplete"


@pytest.mark.fault(84)
@pytest.mark.parametrize("scenario", ["outcome not recorded", "topic missing"])
def test_fails_where_the_outcome_cannot_be_announced(
    traces: Traces, scenario: str
) -> None:
    """The last resort is the execution itself, which alarms can see."""
    assert traces[scenario].status == "FAILED"
    assert traces[scenario].states[-1] == "Unrecorded"


@pytest.mark.fault(84)
def test_does_not_notify_before_recording(traces: Traces) -> None:
    """A notification means that its outcome is in the jobs table."""
    assert "Notify" not in traces["outcome not recorded"].states


def test_retries_come_to_an_end(traces: Traces) -> None:
    """A fault that does not pass is concluded, so that somebody is notified."""
    assert traces["retries used up"].error == "AwsUnavailable"


@pytest.mark.fault(79)
@pytest.mark.parametrize(
    "scenario", [name for name in SCENARIOS if "retried after" in name]
)
def test_passing_faults_are_retried(traces: Traces, scenario: str) -> None:
    """A fault that may pass is retried in the state where it happened."""
    assert traces[scenario].status == "SUCCEEDED"
    assert traces[scenario].states == traces[SCENARIOS[scenario].base].states


@pytest.mark.parametrize(
    "scenario", [name for name in SCENARIOS if "refused by" in name]
)
def test_permanent_faults_are_concluded(traces: Traces, scenario: str) -> None:
    """A fault that no retry resolves is caught at once, recorded and announced."""
    trace = traces[scenario]

    assert trace.states[-4:] == ("Conclude", "Notify", "Judge", "Failed")
    assert trace.error == scenario.rpartition(" ")[2]


def test_every_transition_is_taken(traces: Traces, definition: dict[str, Any]) -> None:
    """A transition that no scenario takes is one that nobody has seen work."""
    taken: set[Transition] = set()
    for trace in traces.values():
        taken = taken.union(trace.transitions, *trace.requests.values())

    defined = set(_transitions({**definition["States"], "start": {"Next": "Begin"}}))
    assert defined - taken == set()


def _transitions(states: Mapping[str, Any]) -> Iterator[Transition]:
    for name, state in states.items():
        if "ItemProcessor" in state:
            inner = state["ItemProcessor"]
            yield name, inner["StartAt"]
            yield from _transitions(inner["States"])
            if inner["ProcessorConfig"]["Mode"] == "INLINE":
                ends = [n for n, s in inner["States"].items() if s.get("End")]
                yield from ((end, state["Next"]) for end in ends)
                continue
        targets = [state.get("Next"), state.get("Default")]
        targets += [choice["Next"] for choice in state.get("Choices", ())]
        targets += [catch["Next"] for catch in state.get("Catch", ())]
        yield from ((name, target) for target in targets if target)
