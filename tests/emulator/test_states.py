"""States behave as the Amazon States Language says."""

import json
from typing import Any

import pytest

from local.emulator.corrections import retries
from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, State, invoke, passing

COUNTS = """
    calls = []

    def handler(event, context):
        calls.append(event)
        if len(calls) < event["fail"]:
            raise ConnectionError(len(calls))
        return len(calls)
"""


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(passing(InputPath="$.missing"), id="InputPath"),
        pytest.param(passing(OutputPath="$.missing"), id="OutputPath"),
        pytest.param(passing(Parameters={"a.$": "$.missing"}), id="Parameters"),
        pytest.param(passing(Parameters={"a.$": "$.list[1]"}), id="index"),
        pytest.param(passing(Parameters={"a.$": "$$.Missing"}), id="context"),
        pytest.param(
            {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.missing", "StringEquals": "a", "Next": "End"}
                ],
                "Default": "End",
            },
            id="Choice",
        ),
    ],
)
@pytest.mark.holds("missing_path")
def test_a_path_that_selects_nothing_is_an_error(
    machines: Machines, state: State
) -> None:
    """A misspelt field must fail here, not in production."""
    states = {"First": state}
    if "Default" in state:
        states["End"] = passing()

    ended = machines.run(states, {"list": [1]})

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")


def test_null_is_something(machines: Machines) -> None:
    """A field that is there and null is selected like any other."""
    state = passing(Parameters={"a.$": "$.null", "all.$": "$.list[*].n"})

    output = machines.output({"First": state}, {"null": None, "list": [{"n": 1}, {}]})

    assert output == {"a": None, "all": [1]}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            {"field": None},
            "there",
            id="null",
            marks=pytest.mark.holds("is_present"),
        ),
        pytest.param({"field": 0}, "there", id="zero"),
        pytest.param(
            {}, "missing", id="missing", marks=pytest.mark.holds("is_present")
        ),
    ],
)
def test_is_present_asks_for_the_field(
    machines: Machines, data: State, expected: str
) -> None:
    """Optional fields of the state are told apart this way."""
    rule = {"Variable": "$.field", "IsPresent": True, "Next": "There"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Missing"}

    output = machines.output(
        {
            "Is it?": choice,
            "There": passing(Result="there"),
            "Missing": passing(Result="missing"),
        },
        data,
    )

    assert output == expected


@pytest.mark.parametrize("seconds", [0.5, "1", None, -1, True])
@pytest.mark.holds("whole_seconds")
def test_a_wait_takes_whole_seconds(machines: Machines, seconds: object) -> None:
    """A fraction computed by a function fails in AWS."""
    wait = {"Type": "Wait", "SecondsPath": "$.seconds", "End": True}

    ended = machines.run({"Wait": wait}, {"seconds": seconds})

    assert (ended["status"], ended.get("error")) == ("FAILED", "States.Runtime")


def test_a_wait_is_skipped_at_scale_zero(machines: Machines) -> None:
    """An hour of polling is a matter of seconds here."""
    wait = {"Type": "Wait", "SecondsPath": "$", "End": True}

    assert machines.output({"Wait": wait}, 3600) == 3600


@pytest.mark.holds("intrinsic_failure")
def test_a_failing_intrinsic_function_is_named(machines: Machines) -> None:
    """The name is the one that AWS documents."""
    state = passing(Parameters={"a.$": "States.StringToJson($.text)"})

    ended = machines.run({"First": state}, {"text": "{"})

    assert ended["error"] == "States.IntrinsicFailure"


def test_intrinsic_functions(machines: Machines) -> None:
    """Those that a definition of ours may use."""
    state = passing(
        Parameters={
            "format.$": "States.Format('{}/{}', $.name, $$.Execution.Name)",
            "parsed.$": "States.StringToJson($.text)",
            "array.$": "States.Array($.name, 1)",
            "nested.$": "States.ArrayGetItem(States.StringSplit('a-b', '-'), 1)",
        }
    )

    ended = machines.run({"First": state}, {"name": "n", "text": '{"a": 1}'})

    assert json.loads(ended["output"]) == {
        "format": f"n/{ended['name']}",
        "parsed": {"a": 1},
        "array": ["n", 1],
        "nested": "b",
    }


@pytest.mark.parametrize(
    ("retrier", "attempt", "expected"),
    [
        pytest.param({}, 0, 1, id="default"),
        pytest.param({"IntervalSeconds": 2, "BackoffRate": 3}, 2, 18, id="grows"),
        pytest.param({"IntervalSeconds": 100}, 1, 200, id="beyond a minute"),
        pytest.param({"MaxDelaySeconds": 5}, 10, 5, id="capped"),
        pytest.param({"JitterStrategy": "FULL"}, 1, 0.5, id="jitter"),
        pytest.param(
            {"JitterStrategy": "FULL", "MaxDelaySeconds": 4}, 9, 1, id="capped jitter"
        ),
    ],
)
def test_the_delay_before_a_retry(
    retrier: State, attempt: int, expected: float
) -> None:
    """As the language defines it; chance is a quarter here."""
    assert retries.delay(retrier, attempt, jitter=0.25) == expected


@pytest.mark.holds("retry_delays")
@pytest.mark.usefixtures("real_time")
def test_a_long_retry_interval_is_capped(
    emulator: Emulator, machines: Machines
) -> None:
    """MaxDelaySeconds is what keeps a growing delay useful."""
    name = functions.create(emulator, COUNTS)
    retrier = {
        "ErrorEquals": ["ConnectionError"],
        "IntervalSeconds": 1,
        "BackoffRate": 60,
        "MaxDelaySeconds": 1,
    }

    assert machines.output({"Call": invoke(name, Retry=[retrier])}, {"fail": 3}) == 3


def test_each_entry_of_a_state_counts_its_own_retries(
    emulator: Emulator, machines: Machines
) -> None:
    """A poll loop must not use up its retries over the hours."""
    name = functions.create(
        emulator,
        """
        calls = []

        def handler(event, context):
            calls.append(event)
            if len(calls) % 2:
                raise ConnectionError
            return {"done": len(calls) >= 8}
        """,
    )
    retrier = {"ErrorEquals": ["ConnectionError"], "MaxAttempts": 1}
    again = {"Variable": "$.done", "BooleanEquals": False, "Next": "Check"}

    output = machines.output(
        {
            "Check": invoke(name, Retry=[retrier], Next="Done?"),
            "Done?": {"Type": "Choice", "Choices": [again], "Default": "Done"},
            "Done": passing(),
        }
    )

    assert output == {"done": True}


@pytest.mark.holds("terminal_errors")
def test_a_wildcard_does_not_catch_a_runtime_error(
    emulator: Emulator, machines: Machines
) -> None:
    """A broken definition ends the execution, whatever its catchers say."""
    name = functions.create(emulator, "def handler(event, context): ...")
    call = invoke(
        name,
        ResultSelector={"a.$": "$.missing"},
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    )

    ended = machines.run({"Call": call, "Caught": passing()})

    assert (ended["status"], ended.get("error")) == ("FAILED", "States.Runtime")


@pytest.mark.holds("payload_limit")
def test_a_large_result_exceeds_the_limit(
    emulator: Emulator, machines: Machines
) -> None:
    """Files travel through S3; what does not fit in the state must show here."""
    source = "def handler(event, context): return 'x' * 262_144"
    name = functions.create(emulator, source)

    ended = machines.run({"Call": invoke(name)})

    assert ended["error"] == "States.DataLimitExceeded"


def test_a_map_runs_each_item(emulator: Emulator, machines: Machines) -> None:
    """ItemSelector sees the item, its index, the state's input and the context."""
    name = functions.create(emulator, "def handler(event, context): return event")
    selector = {
        "kind.$": "$$.Map.Item.Value",
        "index.$": "$$.Map.Item.Index",
        "job.$": "$.job",
        "execution.$": "$$.Execution.Name",
    }

    ended = machines.run({"Map": each(invoke(name), ItemSelector=selector)}, JOB)

    assert json.loads(ended["output"]) == [
        {"kind": "clean", "index": 0, "job": "j", "execution": ended["name"]},
        {"kind": "bad", "index": 1, "job": "j", "execution": ended["name"]},
    ]


def test_a_failed_item_fails_the_map(emulator: Emulator, machines: Machines) -> None:
    """Under the item's own error, which the Map's Catch can match."""
    name = functions.create(emulator, "def handler(event, context): {}[event]")
    caught = {"ErrorEquals": ["KeyError"], "ResultPath": "$.error", "Next": "Caught"}

    output = machines.output(
        {"Map": each(invoke(name), Catch=[caught]), "Caught": passing()}, JOB
    )

    assert output["job"] == "j"
    assert output["error"]["Error"] == "KeyError"


def test_an_item_can_catch_its_own_failure(
    emulator: Emulator, machines: Machines
) -> None:
    """One result that cannot be had does not take the others with it."""
    source = "def handler(event, context): return {'clean': 1}[event]"
    name = functions.create(emulator, source)
    caught = {"ErrorEquals": ["States.ALL"], "Next": "Missed"}
    call = invoke(name, Catch=[caught])

    output = machines.output({"Map": each(call, Missed=passing(Result="missed"))}, JOB)

    assert output == [1, "missed"]


JOB = {"job": "j", "kinds": ["clean", "bad"]}


def each(state: State, **fields: Any) -> State:  # noqa: ANN401 - JSON
    """A Map over `$.kinds`; fields that are states go into the iteration."""
    more = {name: field for name, field in fields.items() if "Type" in field}
    return {
        "Type": "Map",
        "ItemsPath": "$.kinds",
        "MaxConcurrency": 2,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Item",
            "States": {"Item": state, **more},
        },
        **({} if "Next" in fields else {"End": True}),
        **{name: field for name, field in fields.items() if name not in more},
    }
