"""States behave as the Amazon States Language defines them."""

import json
from typing import Any

import pytest

from local.emulator.corrections import retries
from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, StateJson, invoke_task, pass_state

FAIL_UNTIL_CALL = """
    calls = []

    def handler(event, context):
        calls.append(event)
        if len(calls) < event["succeed_at"]:
            raise ConnectionError(len(calls))
        return len(calls)
"""


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(pass_state(InputPath="$.missing"), id="InputPath"),
        pytest.param(pass_state(OutputPath="$.missing"), id="OutputPath"),
        pytest.param(pass_state(Parameters={"a.$": "$.missing"}), id="Parameters"),
        pytest.param(pass_state(Parameters={"a.$": "$.list[1]"}), id="index"),
        pytest.param(pass_state(Parameters={"a.$": "$$.Missing"}), id="context"),
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
@pytest.mark.correction("missing_path")
def test_path_that_selects_nothing_is_an_error(
    machines: Machines, state: StateJson
) -> None:
    """A misspelt field must fail here as it fails in AWS."""
    states = {"First": state}
    if "Default" in state:
        states["End"] = pass_state()

    ended = machines.run(states, {"list": [1]})

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")


def test_null_is_a_value(machines: Machines) -> None:
    """A field that is null is selected like any other."""
    state = pass_state(Parameters={"a.$": "$.null", "all.$": "$.list[*].n"})

    output = machines.output({"First": state}, {"null": None, "list": [{"n": 1}, {}]})

    assert output == {"a": None, "all": [1]}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            {"field": None},
            "present",
            id="null",
            marks=pytest.mark.correction("is_present"),
        ),
        pytest.param({"field": 0}, "present", id="zero"),
        pytest.param(
            {}, "missing", id="missing", marks=pytest.mark.correction("is_present")
        ),
    ],
)
def test_is_present_tests_whether_the_field_exists(
    machines: Machines, data: StateJson, expected: str
) -> None:
    """The workflow tests optional fields of its state this way."""
    rule = {"Variable": "$.field", "IsPresent": True, "Next": "Present"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Missing"}

    output = machines.output(
        {
            "IsPresent?": choice,
            "Present": pass_state(Result="present"),
            "Missing": pass_state(Result="missing"),
        },
        data,
    )

    assert output == expected


@pytest.mark.parametrize("seconds", [0.5, "1", None, -1, True])
@pytest.mark.correction("whole_seconds")
def test_wait_requires_whole_seconds(machines: Machines, seconds: object) -> None:
    """A fraction that a function computes fails in AWS."""
    wait = {"Type": "Wait", "SecondsPath": "$.seconds", "End": True}

    ended = machines.run({"Wait": wait}, {"seconds": seconds})

    assert (ended["status"], ended.get("error")) == ("FAILED", "States.Runtime")


def test_wait_is_skipped_at_scale_zero(machines: Machines) -> None:
    """An hour of polling has to pass in seconds."""
    wait = {"Type": "Wait", "SecondsPath": "$", "End": True}

    assert machines.output({"Wait": wait}, 3600) == 3600


@pytest.mark.correction("intrinsic_errors")
def test_failing_intrinsic_function_cannot_be_caught(machines: Machines) -> None:
    """It is States.Runtime, and States.IntrinsicFailure is reserved.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    state = pass_state(Parameters={"a.$": "States.StringToJson('{')"})

    ended = machines.run({"Map": inline_map(state, **CAUGHT), **AFTER}, JOB)

    assert (ended["status"], ended.get("error")) == ("FAILED", "States.Runtime")


@pytest.mark.correction("format_literals")
def test_format_writes_literals_as_json(machines: Machines) -> None:
    """A missing row count in a key is `null`, not `None`.

    Source: recorded on AWS; the booleans follow the JSON of the intrinsic's arguments.
    """
    state = pass_state(Parameters={"a.$": "States.Format('{}-{}', $.n, $.t)"})

    assert machines.output({"First": state}, {"n": None, "t": True}) == {
        "a": "null-true"
    }


@pytest.mark.correction("unmatched_choice")
def test_unmatched_choice_cannot_be_caught(machines: Machines) -> None:
    """It is States.Runtime, which passes through the catcher of a Map.

    Source: recorded on AWS.
    """
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "StringEquals": "other", "Next": "Other"}],
    }
    each = inline_map(choice, Other=pass_state(), **CAUGHT)

    ended = machines.run({"Map": each, **AFTER}, JOB)

    assert (ended["status"], ended.get("error")) == ("FAILED", "States.Runtime")


@pytest.mark.correction("array_of_items")
@pytest.mark.parametrize("kinds", [{"a": 1}, "clean", None])
def test_items_path_must_point_to_an_array(machines: Machines, kinds: object) -> None:
    """A batch that is no list is a mistake, not a list of one.

    Source: recorded on AWS: "Reference path ... must point to array."
    """
    ended = machines.run({"Map": inline_map(pass_state())}, {"kinds": kinds})

    assert (ended["status"], ended.get("error")) == ("FAILED", "States.Runtime")
    assert "must point to array" in ended["cause"]


@pytest.mark.correction("event_limit")
def test_execution_ends_at_25000_events(machines: Machines) -> None:
    """The failure is event 25,000.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html,
    seen on AWS in https://github.com/floci-io/floci/issues/2734
    """
    again = {"Variable": "$", "IsPresent": True, "Next": "Again?"}
    loop = {"Type": "Choice", "Choices": [again]}

    ended = machines.run({"Again?": loop}, TimeoutSeconds=20)

    assert (ended["status"], ended.get("error")) == ("FAILED", "States.Runtime")
    last = machines.client.get_execution_history(
        executionArn=ended["executionArn"], reverseOrder=True, maxResults=1
    )["events"][0]
    assert (last["id"], last["type"]) == (25_000, "ExecutionFailed")


def test_intrinsic_functions(machines: Machines) -> None:
    """These are the intrinsic functions that the workflow may use."""
    state = pass_state(
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
def test_delay_before_a_retry(
    retrier: StateJson, attempt: int, expected: float
) -> None:
    """The delay grows as the language defines it; the jitter is a quarter here."""
    assert retries.delay(retrier, attempt, jitter=0.25) == expected


@pytest.mark.correction("retry_delays")
@pytest.mark.usefixtures("real_time")
def test_retry_interval_is_capped(emulator: Emulator, machines: Machines) -> None:
    """MaxDelaySeconds keeps a growing delay useful."""
    name = functions.create(emulator, FAIL_UNTIL_CALL)
    retrier = {
        "ErrorEquals": ["ConnectionError"],
        "IntervalSeconds": 1,
        "BackoffRate": 60,
        "MaxDelaySeconds": 1,
    }

    assert (
        machines.output({"Call": invoke_task(name, Retry=[retrier])}, {"succeed_at": 3})
        == 3
    )


def test_each_entry_into_a_state_has_its_own_retries(
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
            "Check": invoke_task(name, Retry=[retrier], Next="Done?"),
            "Done?": {"Type": "Choice", "Choices": [again], "Default": "Done"},
            "Done": pass_state(),
        }
    )

    assert output == {"done": True}


@pytest.mark.correction("terminal_errors")
@pytest.mark.parametrize("name", ["States.ALL", "States.Runtime"])
def test_nothing_catches_a_runtime_error(
    emulator: Emulator, machines: Machines, name: str
) -> None:
    """A mistake in the definition ends the execution despite its catchers.

    Source: recorded on AWS: not even its own name catches it.
    """
    function = functions.create(emulator, "def handler(event, context): ...")
    call = invoke_task(
        function,
        ResultSelector={"a.$": "$.missing"},
        Catch=[{"ErrorEquals": [name], "Next": "Caught"}],
    )

    ended = machines.run({"Call": call, "Caught": pass_state()})

    assert (ended["status"], ended.get("error")) == ("FAILED", "States.Runtime")


@pytest.mark.correction("payload_limit")
def test_large_result_exceeds_the_limit(emulator: Emulator, machines: Machines) -> None:
    """A result that is too large for AWS must fail here."""
    source = "def handler(event, context): return 'x' * 262_144"
    name = functions.create(emulator, source)

    ended = machines.run({"Call": invoke_task(name)})

    assert ended["error"] == "States.DataLimitExceeded"


def test_map_runs_each_item(emulator: Emulator, machines: Machines) -> None:
    """ItemSelector can use the item, its index, the input and the context."""
    name = functions.create(emulator, "def handler(event, context): return event")
    selector = {
        "kind.$": "$$.Map.Item.Value",
        "index.$": "$$.Map.Item.Index",
        "job.$": "$.job",
        "execution.$": "$$.Execution.Name",
    }

    ended = machines.run(
        {"Map": inline_map(invoke_task(name), ItemSelector=selector)}, JOB
    )

    assert json.loads(ended["output"]) == [
        {"kind": "clean", "index": 0, "job": "j", "execution": ended["name"]},
        {"kind": "bad", "index": 1, "job": "j", "execution": ended["name"]},
    ]


def test_failed_item_fails_the_map(emulator: Emulator, machines: Machines) -> None:
    """The Map fails with the item's error, which its Catch can match."""
    name = functions.create(emulator, "def handler(event, context): {}[event]")
    catcher = {"ErrorEquals": ["KeyError"], "ResultPath": "$.error", "Next": "Caught"}

    output = machines.output(
        {"Map": inline_map(invoke_task(name), Catch=[catcher]), "Caught": pass_state()},
        JOB,
    )

    assert output["job"] == "j"
    assert output["error"]["Error"] == "KeyError"


def test_item_can_catch_its_own_failure(emulator: Emulator, machines: Machines) -> None:
    """A failed item must not discard the results of the others."""
    source = "def handler(event, context): return {'clean': 1}[event]"
    name = functions.create(emulator, source)
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Missed"}
    call = invoke_task(name, Catch=[catcher])

    output = machines.output(
        {"Map": inline_map(call, Missed=pass_state(Result="missed"))}, JOB
    )

    assert output == [1, "missed"]


JOB = {"job": "j", "kinds": ["clean", "bad"]}
CAUGHT: StateJson = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}
AFTER: StateJson = {"Caught": pass_state()}


def inline_map(state: StateJson, **fields: Any) -> StateJson:  # noqa: ANN401 - JSON
    """Return a Map over `$.kinds`; fields that are states belong to the iteration."""
    more_states = {name: field for name, field in fields.items() if "Type" in field}
    return {
        "Type": "Map",
        "ItemsPath": "$.kinds",
        "MaxConcurrency": 2,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Item",
            "States": {"Item": state, **more_states},
        },
        **({} if "Next" in fields else {"End": True}),
        **{name: field for name, field in fields.items() if name not in more_states},
    }
