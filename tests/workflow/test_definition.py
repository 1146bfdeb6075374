"""The synthesized definition, walked: every state, every way, Retry and Catch."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from functions.core.errors import PERMANENT, CourierError
from functions.core.gathering import Told, told_of
from functions.core.model import Batch, Job, Outcome
from infra.states import AWS_TROUBLE, RETRIED
from local.diagram import definition as read_definition
from local.emulator.process import Emulator
from tests.workflow.stage import Act, Stage, Walk

_PATIENCE_SECONDS = 60.0
_SUBMITTED: Act = {"state": {"provider_ref": "1", "next": "wait", "wait_seconds": 1}}
_WAIT: Act = {"state": {"next": "wait", "wait_seconds": 900}}
_COLLECT: Act = {"state": {"next": "collect", "kinds": ["bad", "all"]}}
_ENDED: Act = {"state": {"outcome": "succeeded"}}
_LISTEN: Act = {"state": {"provider_ref": "1", "next": "listen", "wait_seconds": 60}}
_HEARD_AT = 1234.5
_UNHEARD: Act = {}
_FINISHED: Act = {
    "state": {"next": "collect", "kinds": ["result"], "phase": "finished"}
}
#: No state of ours: the execution breaks down at the next choice by its phase.
_NONSENSE: Act = {"state": {"next": "collect", "kinds": ["result"]}}
_STRAIGHT: dict[str, list[Act]] = {
    "Submit": [_SUBMITTED],
    "Check": [_COLLECT],
    "Download": [{}],
    "Manifest": [{"state": {}}],
    "Conclude": [_ENDED],
}
_WOKEN = _STRAIGHT | {"Submit": [_LISTEN], "Listen": [{"wake": _HEARD_AT}]}
_BATCH = _STRAIGHT | {
    "Submit": [{"state": {"next": "prepare"}}],
    "Prepare": [{"state": {}}],
    "Gather": [{"state": {"next": "report"}}],
}
_REQUEST = _WOKEN | {"Check": [_FINISHED]}
#: What the scenes differ from: a job, one that is woken, and a batch.
_BASES = {"straight": _STRAIGHT, "woken": _WOKEN, "batch": _BATCH}


def _failing(error: str, times: int) -> list[Act]:
    return [{"error": error}] * times


def _ends(outcome: str, error: str) -> Act:
    return {"state": {"outcome": outcome, "error": error, "advice": "do this"}}


@dataclass(frozen=True)
class Scene:
    """One walk: what differs from the straight way, and where it leads."""

    script: Mapping[str, list[Act]]
    like: str = "straight"
    provider_ref: str = ""
    topic_is_there: bool = True
    requests: tuple[Mapping[str, list[Act]], ...] = ({},)  # in the batch


#: Every way in which a request may go, and what is told of it.
REQUESTS: dict[str, tuple[Mapping[str, list[Act]], Told]] = {
    "woken": ({}, Told(Outcome.SUCCEEDED)),
    "unheard": ({"Listen": [_UNHEARD]}, Told(Outcome.SUCCEEDED)),
    "deaf": ({"Listen": [{"error": "AwsRefused"}]}, Told(Outcome.SUCCEEDED)),
    "polled": (
        {"Submit": [_SUBMITTED], "Check": [_WAIT, _FINISHED]},
        Told(Outcome.SUCCEEDED),
    ),
    "held": (
        {"Submit": [{"state": {"next": "hold", "wait_seconds": 7}}, _LISTEN]},
        Told(Outcome.SUCCEEDED),
    ),
    "partial": (
        {"Check": [{"state": {**_FINISHED["state"], "phase": "partial"}}]},
        Told(Outcome.PARTIAL),
    ),
    "timed out": (
        {
            "Check": [
                {"state": {"next": "conclude", **_ends("timed_out", "Late")["state"]}}
            ]
        },
        Told(Outcome.TIMED_OUT, "Late"),
    ),
    "broken down": (
        {"Check": [_NONSENSE]},
        Told(Outcome.FAILED, CourierError.__name__),
    ),
    **{
        f"{part} refused": (
            {part: [{"error": error}]},
            Told(Outcome.FAILED, error),
        )
        for part, error in [
            ("Submit", "OutOfCredits"),
            ("Check", "AccountRefused"),
            ("Download", "ResultTooLarge"),
        ]
    },
    **{
        f"{part} retried": (
            {part: [{"error": "AwsUnavailable"}, *_REQUEST[part]]},
            Told(Outcome.SUCCEEDED),
        )
        for part in ("Submit", "Listen", "Check", "Download")
    },
}

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
    "woken": Scene({}, like="woken"),
    "unheard": Scene({"Listen": [_UNHEARD]}, like="woken"),
    "woken at last": Scene(
        {"Listen": [_UNHEARD, {"wake": _HEARD_AT}], "Check": [_LISTEN, _COLLECT]},
        like="woken",
    ),
    "deaf": Scene({"Listen": [{"error": "AwsRefused"}]}, like="woken"),
    "batch": Scene({}, like="batch"),
    "batch of all kinds": Scene(
        {}, like="batch", requests=tuple(script for script, _ in REQUESTS.values())
    ),
    "batch without a result": Scene(
        {
            "Gather": [{"state": {"next": "conclude"}}],
            "Conclude": [_ends("failed", "OutOfCredits")],
        },
        like="batch",
        requests=({"Submit": [{"error": "OutOfCredits"}]},) * 2,
    ),
    "batch without its list": Scene(
        {"Conclude": [_ends("failed", "States.ItemReaderFailed")]},
        like="batch",
        requests=(),
    ),
    "retried to no end": Scene(
        {
            "Check": _failing("AwsUnavailable", 99),
            "Conclude": [_ends("failed", "AwsUnavailable")],
        }
    ),
    **{
        f"{part} retried after {error}": Scene(
            {part: [{"error": error}, *_BASES[like][part]]}, like=like
        )
        for part, error, like in [
            *(("Check", error, "straight") for error in RETRIED),
            *(("Listen", error, "woken") for error in AWS_TROUBLE),
            *((part, "AwsUnavailable", "batch") for part in ("Prepare", "Gather")),
            *((part, "AwsUnavailable", "straight") for part in _STRAIGHT),
        ]
    },
    **{
        f"{part} refused by {error.__name__}": Scene(
            {
                part: [{"error": error.__name__}],
                "Conclude": [_ends("failed", error.__name__)],
            },
            like=like,
        )
        for part, error, like in [
            *(("Submit", error, "straight") for error in PERMANENT),
            ("Check", PERMANENT[0], "straight"),
            ("Prepare", PERMANENT[0], "batch"),
            ("Gather", PERMANENT[0], "batch"),
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
                    batch=Batch(items_key=f"scene-{number}"),
                ),
                {**_BASES[scene.like], **scene.script},
                requests=[{**_REQUEST, **one} for one in scene.requests],
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


def test_a_webhook_ends_the_wait(walks: dict[str, Walk]) -> None:
    """When it came is all that is kept of it; the provider is asked as ever."""
    woken = walks["woken"]

    assert woken.states[:6] == ("Known", "Submit", "Route", "Listen", "Check", "Route")
    assert woken.output["heard_at"] == _HEARD_AT
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
    assert walks["woken at last"].output["heard_at"] == _HEARD_AT


@pytest.mark.fault(79)
def test_who_cannot_listen_waits(walks: dict[str, Walk]) -> None:
    """What is wrong with webhooks must not cost a job that polling would finish."""
    walk = walks["deaf"]

    assert walk.states[3:6] == ("Listen", "Wait", "Check")
    assert walk.status == "SUCCEEDED"


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

    told = told_of(walk.output["answers"], requests=len(REQUESTS))
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
    assert walks[scene].states == walks[SCENES[scene].like].states


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
