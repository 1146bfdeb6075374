"""The synthesized definition, walked: every state, every way, Retry and Catch."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from functions.core.errors import PERMANENT
from functions.core.model import Job
from infra.states import RETRIED
from local.diagram import definition as read_definition
from local.emulator.process import Emulator
from tests.workflow.stage import PARTS, Act, Stage, Walk

_PATIENCE_SECONDS = 60.0
_SUBMITTED: Act = {"state": {"provider_ref": "1", "next": "wait", "wait_seconds": 1}}
_WAIT: Act = {"state": {"next": "wait", "wait_seconds": 900}}
_COLLECT: Act = {"state": {"next": "collect", "kinds": ["bad", "all"]}}
_ENDED: Act = {"state": {"outcome": "succeeded"}}
_STRAIGHT: dict[str, list[Act]] = {
    "Submit": [_SUBMITTED],
    "Check": [_COLLECT],
    "Download": [{}],
    "Manifest": [{"state": {}}],
    "Conclude": [_ENDED],
}


def _failing(error: str, times: int) -> list[Act]:
    return [{"error": error}] * times


def _ends(outcome: str, error: str) -> Act:
    return {"state": {"outcome": outcome, "error": error, "advice": "do this"}}


@dataclass(frozen=True)
class Scene:
    """One walk: what differs from the straight way, and where it leads."""

    script: Mapping[str, list[Act]]
    provider_ref: str = ""
    topic_is_there: bool = True


SCENES: dict[str, Scene] = {
    "straight": Scene({}),
    "polled": Scene({"Check": [_WAIT, _WAIT, _COLLECT]}),
    "known": Scene({}, provider_ref="7"),
    "held": Scene(
        {"Submit": [{"state": {"next": "hold", "wait_seconds": 3600}}, _SUBMITTED]}
    ),
    "timed out": Scene(
        {
            "Check": [{"state": {"next": "conclude", "outcome": "timed_out"}}],
            "Conclude": [_ends("timed_out", "DeadlinePassed")],
        }
    ),
    "partial": Scene({"Conclude": [{"state": {"outcome": "partial"}}]}),
    "a result missed": Scene({"Download": [{"error": "LinkRefused"}, {}]}),
    "the last result missed": Scene({"Download": [{}, {"error": "LinkRefused"}]}),
    "a result retried": Scene({"Download": [*_failing("LinkSpent", 2), {}]}),
    "Download retried after an outage": Scene(
        {"Download": [*_failing("ProviderUnavailable", 9), {}]}
    ),
    "results incomplete": Scene(
        {
            "Manifest": [{"error": "ResultsIncomplete"}],
            "Conclude": [_ends("failed", "ResultsIncomplete")],
        }
    ),
    "outcome not recorded": Scene({"Conclude": [{"error": "AwsRefused"}]}),
    "nobody told": Scene({}, topic_is_there=False),
    "retried to no end": Scene(
        {
            "Check": _failing("AwsUnavailable", 99),
            "Conclude": [_ends("failed", "AwsUnavailable")],
        }
    ),
    **{
        f"{part} retried after {error}": Scene(
            {part: [{"error": error}, *_STRAIGHT[part]]}
        )
        for part, error in [
            *(("Check", error) for error in RETRIED),
            *((part, "AwsUnavailable") for part in PARTS),
        ]
    },
    **{
        f"{part} refused by {error.__name__}": Scene(
            {
                part: [{"error": error.__name__}],
                "Conclude": [_ends("failed", error.__name__)],
            }
        )
        for part, error in [
            *(("Submit", error) for error in PERMANENT),
            ("Check", PERMANENT[0]),
        ]
    },
}


@pytest.fixture(scope="module")
def definition(assembly: Callable[[str], Path]) -> dict[str, Any]:
    """The state machine as it is deployed."""
    return read_definition(assembly("local"), "local")


@pytest.fixture(scope="module")
def walks(
    definition: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Walk]]:
    """Every scene, played at the same time, with waits that take none."""
    with Emulator.started(wait_scale=0.0) as emulator:
        stage = Stage(emulator, definition, tmp_path_factory.mktemp("scripts"))
        running = {
            name: stage.start(
                Job(
                    job_id=f"scene-{number}",
                    provider="p",
                    type="t",
                    provider_ref=scene.provider_ref,
                ),
                {**_STRAIGHT, **scene.script},
                topic_is_there=scene.topic_is_there,
            )
            for number, (name, scene) in enumerate(SCENES.items())
        }
        ended: dict[str, Walk] = {}
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while len(ended) < len(running):
            assert time.monotonic() < give_up_at, set(running) - set(ended)
            for name in running.keys() - ended.keys():
                if (walk := stage.walk(running[name])) is not None:
                    ended[name] = walk
        yield ended


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
@pytest.mark.parametrize("scene", [name for name in SCENES if "retried after" in name])
def test_passing_faults_are_retried(walks: dict[str, Walk], scene: str) -> None:
    """Everything that a later try may mend is tried again, in its own state."""
    assert walks[scene].status == "SUCCEEDED"
    assert walks[scene].states == walks["straight"].states


@pytest.mark.parametrize("scene", [name for name in SCENES if "refused by" in name])
def test_lasting_faults_are_concluded(walks: dict[str, Walk], scene: str) -> None:
    """What no try mends is caught at once, recorded and told."""
    walk = walks[scene]

    assert walk.states[-4:] == ("Conclude", "Notify", "Judge", "Failed")
    assert walk.error == scene.rpartition(" ")[2]


def test_every_state_and_way_is_walked(
    walks: dict[str, Walk], definition: dict[str, Any]
) -> None:
    """A way that no scene takes is a way that nobody has seen work."""
    walked = {step for walk in walks.values() for step in walk.steps}

    ways = set(_ways({**definition["States"], "start": {"Next": "Known"}}))
    assert ways - walked == set()


def _ways(states: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, state in states.items():
        if "ItemProcessor" in state:
            inner = state["ItemProcessor"]
            yield name, inner["StartAt"]
            yield from _ways(inner["States"])
            ends = [n for n, s in inner["States"].items() if s.get("End")]
            yield from ((end, state["Next"]) for end in ends)
            continue
        targets = [state.get("Next"), state.get("Default")]
        targets += [choice["Next"] for choice in state.get("Choices", ())]
        targets += [catch["Next"] for catch in state.get("Catch", ())]
        yield from ((name, target) for target in targets if target)
