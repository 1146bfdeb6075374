"""The synthesized definition, walked: every state, every way, Retry and Catch."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.workflow.machine import Walk
from tests.workflow.scenarios import SCENARIOS


def test_delivers(walks: dict[str, Walk]) -> None:
    """The straight way is the one that the module's picture shows."""
    walk = walks["straight"]

    assert walk.status == "SUCCEEDED"
    assert walk.states == (
        *("Known", "Submit", "Route", "Wait", "Check", "Route"),
        *("Collect", "Download", "Download", "Manifest"),
        *("Conclude", "Notify", "Judge", "Delivered"),
    )


def test_polls_until_told_otherwise(walks: dict[str, Walk]) -> None:
    """The loop is Wait, Check and Route, and nothing else that would cost."""
    states = walks["polled"].states

    loop = ("Wait", "Check", "Route")
    assert states[3:12] == loop * 3


def test_does_not_submit_what_is_submitted(walks: dict[str, Walk]) -> None:
    """A job with a reference is paid for: Submit would pay again."""
    assert "Submit" not in walks["known"].states
    assert walks["known"].status == "SUCCEEDED"


def test_holds_a_submission_until_later(walks: dict[str, Walk]) -> None:
    """A throttled submission waits in the state machine, not in a function."""
    assert walks["held"].states[:5] == ("Known", "Submit", "Route", "Hold", "Submit")
    assert walks["held"].status == "SUCCEEDED"


@pytest.mark.fault(33)
def test_a_bad_outcome_fails_the_execution(walks: dict[str, Walk]) -> None:
    """The console shows the error's name in red, and what to do about it."""
    walk = walks["timed out"]

    assert (walk.status, walk.error, walk.cause) == (
        "FAILED",
        "DeadlinePassed",
        "do this",
    )
    assert "Notify" in walk.states


def test_a_partial_result_is_delivered(walks: dict[str, Walk]) -> None:
    """Partial is an outcome with results, not a failure."""
    assert walks["partial"].states[-1] == "Delivered"


def test_a_missed_result_does_not_keep_the_others(walks: dict[str, Walk]) -> None:
    """Every result that can be had is fetched; the manifest judges."""
    walk = walks["a result missed"]

    assert walk.states.count("Download") == 2
    missed, fetched = walk.output["files"]
    assert missed == {"kind": "bad", "error": "LinkRefused"}
    assert fetched == {"kind": "all", "attempts": 1}


def test_a_retried_result_knows_its_attempts(walks: dict[str, Walk]) -> None:
    """The manifest says how often a result was tried."""
    first, _ = walks["a result retried"].output["files"]

    assert first == {"kind": "bad", "attempts": 3}


def test_incomplete_results_are_concluded(walks: dict[str, Walk]) -> None:
    """Without a manifest a job has failed, and is told so."""
    walk = walks["results incomplete"]

    assert walk.states[-5:] == ("Manifest", "Conclude", "Notify", "Judge", "Failed")
    assert walk.error == "ResultsIncomplete"


@pytest.mark.fault(84)
@pytest.mark.parametrize("scene", ["outcome not recorded", "nobody told"])
def test_what_cannot_be_told_turns_red(walks: dict[str, Walk], scene: str) -> None:
    """The last resort is the execution itself, which alarms can see."""
    assert walks[scene].status == "FAILED"
    assert walks[scene].states[-1] == "Unrecorded"


@pytest.mark.fault(84)
def test_no_notice_before_the_record(walks: dict[str, Walk]) -> None:
    """A notice means that its outcome stands in the jobs table."""
    assert "Notify" not in walks["outcome not recorded"].states


def test_retries_come_to_an_end(walks: dict[str, Walk]) -> None:
    """What never mends is concluded, so that somebody hears of it."""
    assert walks["retried to no end"].error == "AwsUnavailable"


@pytest.mark.fault(79)
@pytest.mark.parametrize(
    "scene", [name for name in SCENARIOS if "retried after" in name]
)
def test_passing_faults_are_retried(walks: dict[str, Walk], scene: str) -> None:
    """Everything that a later try may mend is tried again, in its own state."""
    assert walks[scene].status == "SUCCEEDED"
    assert walks[scene].states == walks[SCENARIOS[scene].like].states


@pytest.mark.parametrize("scene", [name for name in SCENARIOS if "refused by" in name])
def test_lasting_faults_are_concluded(walks: dict[str, Walk], scene: str) -> None:
    """What no try mends is caught at once, recorded and told."""
    walk = walks[scene]

    assert walk.states[-4:] == ("Conclude", "Notify", "Judge", "Failed")
    assert walk.error == scene.rpartition(" ")[2]


def test_every_state_and_way_is_walked(
    walks: dict[str, Walk], definition: dict[str, Any]
) -> None:
    """A way that no scene takes is a way that nobody has seen work."""
    walked = {step for walk in walks.values() for step in walk.steps} | {
        step
        for walk in walks.values()
        for steps in walk.requests.values()
        for step in steps
    }

    ways = set(_ways({**definition["States"], "start": {"Next": "Known"}}))
    assert ways - walked == set()


def _ways(states: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, state in states.items():
        if "ItemProcessor" in state:
            inner = state["ItemProcessor"]
            yield name, inner["StartAt"]
            yield from _ways(inner["States"])
            if inner["ProcessorConfig"]["Mode"] == "INLINE":
                ends = [n for n, s in inner["States"].items() if s.get("End")]
                yield from ((end, state["Next"]) for end in ends)
                continue
        targets = [state.get("Next"), state.get("Default")]
        targets += [choice["Next"] for choice in state.get("Choices", ())]
        targets += [catch["Next"] for catch in state.get("Catch", ())]
        yield from ((name, target) for target in targets if target)
