"""A distributed Map runs each item as an execution of its own."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator import functions, queues
from tests.emulator.machines import Machines, StateJson, invoke_task, pass_state
from tests.emulator.polling import wait_for

DOUBLE = "def handler(event, context): return event * 2"
CONTEXT_FIELDS: StateJson = {"name.$": "$$.Execution.Name", "id.$": "$$.Execution.Id"}


@pytest.fixture
def bucket(emulator: Emulator) -> str:
    """A bucket for the items of a batch."""
    name = f"batches-{uuid.uuid4()}"
    emulator.client("s3").create_bucket(Bucket=name)
    return name


def distributed_map(states: StateJson, **fields: Any) -> StateJson:  # noqa: ANN401 - JSON
    """Return a distributed Map that runs these states for each item."""
    return {
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": next(iter(states)),
            "States": states,
        },
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def test_results_have_the_order_of_the_items(
    emulator: Emulator, machines: Machines, bucket: str
) -> None:
    """The items come from S3, and ItemSelector adds fields of the state's input."""
    emulator.client("s3").put_object(
        Bucket=bucket, Key="items", Body=json.dumps([{"n": n} for n in range(200)])
    )
    name = functions.create(emulator, DOUBLE)
    each = distributed_map(
        {"Double": invoke_task(name, InputPath="$.item.n", ResultPath="$.twice")},
        ItemReader={
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.key"},
        },
        ItemSelector={"item.$": "$$.Map.Item.Value", "job.$": "$.job"},
        MaxConcurrency=40,
        ToleratedFailurePercentage=100,
        ResultPath="$.out",
    )
    each["ItemProcessor"]["States"]["Double"].update(
        OutputPath="$", ResultSelector={"n.$": "$.Payload"}
    )

    output = machines.output(
        {"Each": each}, {"bucket": bucket, "key": "items", "job": "j"}
    )

    assert output["out"] == [
        {"item": {"n": n}, "job": "j", "twice": {"n": 2 * n}} for n in range(200)
    ]


@pytest.mark.correction("child_executions")
def test_results_are_written_to_s3(
    emulator: Emulator, machines: Machines, bucket: str
) -> None:
    """The output of the Map is their place; of a failed child there is a description.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
    """
    fail = {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Fail"}],
        "Default": "Keep",
    }
    each = distributed_map(
        {"Choose": choice, "Fail": fail, "Keep": pass_state()},
        ItemsPath="$",
        ToleratedFailurePercentage=100,
        ResultWriter={
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": bucket, "Prefix": "answers"},
            "WriterConfig": {"OutputType": "JSONL", "Transformation": "COMPACT"},
        },
    )
    client = emulator.client("s3")

    def read(key: str) -> bytes:
        return bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read())

    output = machines.output({"Each": each}, [1, 2, 3])

    place = output["ResultWriterDetails"]
    assert place["Bucket"] == bucket
    assert place["Key"].startswith("answers/")
    files = json.loads(read(place["Key"]))["ResultFiles"]
    (succeeded,), (failed,) = files["SUCCEEDED"], files["FAILED"]
    assert read(succeeded["Key"]) == b"1\n3\n"
    assert json.loads(read(failed["Key"]))["Error"] == "Broken"
    assert files["PENDING"] == []


@pytest.mark.correction("child_executions")
def test_results_that_cannot_be_written_fail_the_map(machines: Machines) -> None:
    """The workflow retries the Map then: how its requests ended would be unknown."""
    each = distributed_map(
        {"Keep": pass_state()},
        ItemsPath="$",
        ResultWriter={
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": f"none-{uuid.uuid4()}", "Prefix": "answers"},
            "WriterConfig": {"OutputType": "JSONL", "Transformation": "COMPACT"},
        },
    )

    ended = machines.run({"Each": each}, [1])

    assert ended.get("error") == "States.ResultWriterFailed"


@pytest.mark.correction("map_limit_paths")
def test_concurrency_comes_from_the_input(machines: Machines) -> None:
    """The project passes its limit of concurrent requests this way."""
    each = distributed_map(
        {"Item": pass_state()}, ItemsPath="$.items", MaxConcurrencyPath="$.limit"
    )
    arn = machines.start(machines.create({"Each": each}), {"items": [1, 2], "limit": 1})

    assert machines.wait(arn)["status"] == "SUCCEEDED"
    assert _map_run(machines, arn)["maxConcurrency"] == 1


@pytest.mark.correction("map_limit_paths")
def test_limit_has_to_be_a_number(machines: Machines) -> None:
    """AWS checks the value when the state is entered."""
    each = distributed_map(
        {"Item": pass_state()}, ItemsPath="$.items", MaxConcurrencyPath="$.limit"
    )

    ended = machines.run({"Each": each}, {"items": [], "limit": "many"})

    assert ended.get("error") == "States.Runtime"


@pytest.mark.usefixtures("real_time")
def test_concurrency_is_limited(machines: Machines) -> None:
    """Nothing else keeps a batch from exceeding a provider's limits."""
    each = distributed_map(
        {"Pause": {"Type": "Wait", "Seconds": 60, "End": True}}, MaxConcurrency=3
    )
    arn = machines.start(machines.create({"Each": each}), list(range(8)))

    def counts() -> Any:  # noqa: ANN401 - JSON
        runs = machines.client.list_map_runs(executionArn=arn)["mapRuns"]
        found = _map_run(machines, arn)["executionCounts"] if runs else None
        return found if found and found["running"] else None

    wait_for(lambda: counts()["running"] == 3 if counts() else None)
    assert counts()["pending"] == 5


@pytest.mark.correction("child_executions")
def test_child_has_its_own_context(machines: Machines) -> None:
    """Its name, id and input differ from the parent's."""
    each = distributed_map(
        {
            "Item": pass_state(
                Parameters={**CONTEXT_FIELDS, "input.$": "$$.Execution.Input"}
            )
        }
    )

    first, second = machines.output({"Each": each}, ["a", "b"])

    assert (first["input"], second["input"]) == ("a", "b")
    assert first["name"] != second["name"]
    assert first["id"].endswith(first["name"])


@pytest.mark.correction("child_executions")
def test_child_has_its_own_history(machines: Machines) -> None:
    """The console shows a child as it shows any execution."""
    each = distributed_map({"Item": pass_state(Parameters=CONTEXT_FIELDS)})

    (child,) = machines.output({"Each": each}, [1])

    assert machines.event_types(child["id"]) == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]


@pytest.mark.correction("child_executions")
def test_history_of_the_parent_has_no_events_of_children(machines: Machines) -> None:
    """A thousand rows must not use up its 25,000 events."""
    ended = machines.run({"Each": distributed_map({"Item": pass_state()})}, [1, 2, 3])

    assert machines.event_types(ended["executionArn"]) == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]


@pytest.mark.correction("child_executions")
def test_description_replaces_a_tolerated_failure(machines: Machines) -> None:
    """The other results keep their places."""
    states = {
        "Bad": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Fails"}],
            "Default": "Passes",
        },
        "Fails": {"Type": "Fail", "Error": "Bad", "Cause": "two"},
        "Passes": pass_state(),
    }
    each = distributed_map(states, ToleratedFailurePercentage=100)

    first, second, third = machines.output({"Each": each}, [1, 2, 3])

    assert (first, third) == (1, 3)
    assert (second["Status"], second["Error"]) == ("FAILED", "Bad")
    assert json.loads(second["Input"]) == 2


@pytest.mark.correction("child_executions")
@pytest.mark.usefixtures("real_time")
def test_exceeded_tolerance_aborts_the_other_children(machines: Machines) -> None:
    """They are aborted at once, not after the last child has ended."""
    states = {
        "Bad": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Fails"}],
            "Default": "Pause",
        },
        "Fails": {"Type": "Fail"},
        "Pause": {"Type": "Wait", "Seconds": 3600, "End": True},
    }

    ended = machines.run({"Each": distributed_map(states)}, [1, 2])

    assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    run = _map_run(machines, ended["executionArn"])
    wait_for(lambda: _children(machines, run, "ABORTED"))
    assert len(_children(machines, run, "FAILED")) == 1


@pytest.mark.correction("child_executions")
@pytest.mark.usefixtures("real_time")
def test_stop_of_the_parent_stops_its_children(machines: Machines) -> None:
    """Running children are aborted, and no further child starts."""
    pause = {"Pause": {"Type": "Wait", "Seconds": 3600, "End": True}}
    each = distributed_map(pause, MaxConcurrency=2)
    arn = machines.start(machines.create({"Each": each}), [1, 2, 3])
    wait_for(lambda: machines.client.list_map_runs(executionArn=arn)["mapRuns"] or None)
    wait_for(lambda: len(_children(machines, _map_run(machines, arn), "RUNNING")) == 2)

    machines.client.stop_execution(executionArn=arn)

    wait_for(lambda: _map_run(machines, arn)["status"] == "ABORTED")
    assert len(_children(machines, _map_run(machines, arn), "ABORTED")) == 2
    wait_for(lambda: _map_run(machines, arn)["executionCounts"]["aborted"] == 2)
    assert not _children(machines, _map_run(machines, arn), "RUNNING")


def test_each_child_waits_for_its_own_token(
    emulator: Emulator, machines: Machines
) -> None:
    """A webhook continues the child that it belongs to, and no other."""
    queue, _ = queues.create(emulator)
    wait_for_token = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl": queue,
            "MessageBody": {"token.$": "$$.Task.Token", "item.$": "$"},
        },
        "End": True,
    }
    arn = machines.start(
        machines.create({"Each": distributed_map({"Wait": wait_for_token})}), [1, 2, 3]
    )

    for _ in range(3):
        sent = queues.receive(emulator, queue)
        machines.client.send_task_success(
            taskToken=sent["token"], output=str(sent["item"] * 10)
        )

    assert json.loads(machines.wait(arn)["output"]) == [10, 20, 30]


@pytest.mark.correction("child_executions")
@pytest.mark.parametrize("content", [b"a,b", b'{"a": 1}'], ids=["text", "object"])
def test_unreadable_items_are_an_item_reader_failure(
    emulator: Emulator, machines: Machines, bucket: str, content: bytes
) -> None:
    """A catcher can match this error, and the history says that the run has failed.

    Source: recorded on AWS.
    """
    emulator.client("s3").put_object(Bucket=bucket, Key="items", Body=content)
    each = distributed_map(
        {"Item": pass_state()},
        ItemReader={
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": bucket, "Key": "items"},
        },
    )

    ended = machines.run({"Each": each})

    assert ended.get("error") == "States.ItemReaderFailed"
    assert machines.event_types(ended["executionArn"])[1:] == [
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunFailed",
        "MapStateFailed",
        "ExecutionFailed",
    ]


@pytest.mark.correction("checked_definitions")
@pytest.mark.parametrize("percentage", [-1, 100.5])
def test_impossible_percentage_is_refused(
    machines: Machines, percentage: float
) -> None:
    """ToleratedFailurePercentage is from 0 to 100.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    """
    each = distributed_map(
        {"Item": pass_state()}, ToleratedFailurePercentage=percentage
    )

    with pytest.raises(ClientError, match="InvalidDefinition"):
        machines.create({"Each": each})


@pytest.mark.correction("map_limit_paths")
def test_impossible_percentage_of_the_input_fails(machines: Machines) -> None:
    """What is refused in a definition fails when a path selects it.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    """
    each = distributed_map(
        {"Item": pass_state()},
        ItemsPath="$.items",
        ToleratedFailurePercentagePath="$.percent",
    )

    ended = machines.run({"Each": each}, {"items": [], "percent": 101})

    assert ended.get("error") == "States.Runtime"


@pytest.mark.correction("child_executions")
@pytest.mark.parametrize("field", ["ItemBatcher", "ResultWriter"])
def test_unsupported_field_is_refused(machines: Machines, field: str) -> None:
    """Ignoring the field would look as if it worked."""
    each = distributed_map({"Item": pass_state()}, **{field: {"MaxItemsPerBatch": 2}})

    assert machines.run({"Each": each}, [1]).get("error") == "States.Runtime"


def _map_run(machines: Machines, execution: str) -> Any:  # noqa: ANN401 - JSON
    (run,) = machines.client.list_map_runs(executionArn=execution)["mapRuns"]
    return machines.client.describe_map_run(mapRunArn=run["mapRunArn"])


def _children(machines: Machines, run: Any, status: Any) -> list[Any]:  # noqa: ANN401 - JSON
    listed = machines.client.list_executions(
        mapRunArn=run["mapRunArn"], statusFilter=status
    )
    return list(listed["executions"])
