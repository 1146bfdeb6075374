"""A batch: a distributed Map runs each item as an execution of its own."""

import json
import uuid
from typing import Any

import pytest

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, State, invoke, passing
from tests.emulator.polling import until

DOUBLES = "def handler(event, context): return event * 2"
NAMES: State = {"name.$": "$$.Execution.Name", "id.$": "$$.Execution.Id"}


@pytest.fixture
def bucket(emulator: Emulator) -> str:
    """Where a batch's items are."""
    name = f"batches-{uuid.uuid4()}"
    emulator.client("s3").create_bucket(Bucket=name)
    return name


def distributed(states: State, **fields: Any) -> State:  # noqa: ANN401 - JSON
    """A Map whose items are children, each through these states."""
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


def test_a_batch_comes_out_in_its_order(
    emulator: Emulator, machines: Machines, bucket: str
) -> None:
    """Read from S3 by path, with parts of the state beside each item."""
    emulator.client("s3").put_object(
        Bucket=bucket, Key="items", Body=json.dumps([{"n": n} for n in range(200)])
    )
    name = functions.create(emulator, DOUBLES)
    each = distributed(
        {"Double": invoke(name, InputPath="$.item.n", ResultPath="$.twice")},
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


@pytest.mark.holds("map_limit_paths")
def test_the_concurrency_comes_from_the_state(machines: Machines) -> None:
    """What a setting bounds is in the input; one at a time means one after another."""
    each = distributed({"Item": passing()}, ItemsPath="$.of", MaxConcurrencyPath="$.at")
    arn = machines.start(machines.create({"Each": each}), {"of": [1, 2], "at": 1})

    assert machines.ended(arn)["status"] == "SUCCEEDED"
    assert _map_run(machines, arn)["maxConcurrency"] == 1


@pytest.mark.holds("map_limit_paths")
def test_a_limit_has_to_be_a_number(machines: Machines) -> None:
    """AWS finds out when the state is entered."""
    each = distributed({"Item": passing()}, ItemsPath="$.of", MaxConcurrencyPath="$.at")

    ended = machines.run({"Each": each}, {"of": [], "at": "many"})

    assert ended.get("error") == "States.Runtime"


@pytest.mark.usefixtures("real_time")
def test_the_concurrency_is_bounded(machines: Machines) -> None:
    """Nothing else keeps a batch from overrunning a provider."""
    each = distributed(
        {"Rest": {"Type": "Wait", "Seconds": 60, "End": True}}, MaxConcurrency=3
    )
    arn = machines.start(machines.create({"Each": each}), list(range(8)))

    def counts() -> Any:  # noqa: ANN401 - JSON
        runs = machines.client.list_map_runs(executionArn=arn)["mapRuns"]
        found = _map_run(machines, arn)["executionCounts"] if runs else None
        return found if found and found["running"] else None

    until(lambda: counts()["running"] == 3 if counts() else None)
    assert counts()["pending"] == 5


@pytest.mark.holds("child_executions")
def test_a_child_knows_itself(machines: Machines) -> None:
    """Its name, its id and its input are not the parent's."""
    each = distributed(
        {"Item": passing(Parameters={**NAMES, "in.$": "$$.Execution.Input"})}
    )

    first, second = machines.output({"Each": each}, ["a", "b"])

    assert (first["in"], second["in"]) == ("a", "b")
    assert first["name"] != second["name"]
    assert first["id"].endswith(first["name"])


@pytest.mark.holds("child_executions")
def test_a_child_has_a_history(machines: Machines) -> None:
    """The console shows of it what it shows of any execution."""
    each = distributed({"Item": passing(Parameters=NAMES)})

    (child,) = machines.output({"Each": each}, [1])

    assert machines.events(child["id"]) == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]


@pytest.mark.holds("child_executions")
def test_the_parent_tells_of_the_run_only(machines: Machines) -> None:
    """A thousand rows must not use up its 25,000 events."""
    ended = machines.run({"Each": distributed({"Item": passing()})}, [1, 2, 3])

    assert machines.events(ended["executionArn"]) == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]


@pytest.mark.holds("child_executions")
def test_a_tolerated_failure_is_described(machines: Machines) -> None:
    """In its place, so that no row moves up."""
    states = {
        "Bad": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Fails"}],
            "Default": "Passes",
        },
        "Fails": {"Type": "Fail", "Error": "Bad", "Cause": "two"},
        "Passes": passing(),
    }
    each = distributed(states, ToleratedFailurePercentage=100)

    first, second, third = machines.output({"Each": each}, [1, 2, 3])

    assert (first, third) == (1, 3)
    assert (second["Status"], second["Error"]) == ("FAILED", "Bad")
    assert json.loads(second["Input"]) == 2


@pytest.mark.holds("child_executions")
@pytest.mark.usefixtures("real_time")
def test_what_is_not_tolerated_ends_the_others(machines: Machines) -> None:
    """As soon as it is known, not when the last child is done."""
    states = {
        "Bad": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Fails"}],
            "Default": "Rest",
        },
        "Fails": {"Type": "Fail"},
        "Rest": {"Type": "Wait", "Seconds": 3600, "End": True},
    }

    ended = machines.run({"Each": distributed(states)}, [1, 2])

    assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    run = _map_run(machines, ended["executionArn"])
    until(lambda: _children(machines, run, "ABORTED"))
    assert len(_children(machines, run, "FAILED")) == 1


@pytest.mark.holds("child_executions")
@pytest.mark.usefixtures("real_time")
def test_a_stopped_parent_stops_its_children(machines: Machines) -> None:
    """And nothing that they would have done happens."""
    rests = {"Rest": {"Type": "Wait", "Seconds": 3600, "End": True}}
    each = distributed(rests, MaxConcurrency=2)
    arn = machines.start(machines.create({"Each": each}), [1, 2, 3])
    until(lambda: machines.client.list_map_runs(executionArn=arn)["mapRuns"] or None)
    until(lambda: len(_children(machines, _map_run(machines, arn), "RUNNING")) == 2)

    machines.client.stop_execution(executionArn=arn)

    until(lambda: _map_run(machines, arn)["status"] == "ABORTED")
    assert len(_children(machines, _map_run(machines, arn), "ABORTED")) == 2
    until(lambda: _map_run(machines, arn)["executionCounts"]["aborted"] == 2)
    assert not _children(machines, _map_run(machines, arn), "RUNNING")


def test_children_wait_for_their_tokens(emulator: Emulator, machines: Machines) -> None:
    """A webhook wakes the row that it is about, and no other."""
    sqs = emulator.client("sqs")
    queue = sqs.create_queue(QueueName=f"tokens-{uuid.uuid4()}")["QueueUrl"]
    waits = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl": queue,
            "MessageBody": {"token.$": "$$.Task.Token", "item.$": "$"},
        },
        "End": True,
    }
    arn = machines.start(
        machines.create({"Each": distributed({"Wait": waits})}), [1, 2, 3]
    )

    for _ in range(3):
        (message,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        sent = json.loads(message["Body"])
        machines.client.send_task_success(
            taskToken=sent["token"], output=str(sent["item"] * 10)
        )

    assert json.loads(machines.ended(arn)["output"]) == [10, 20, 30]


@pytest.mark.holds("child_executions")
def test_a_list_that_is_no_json_is_the_readers_failure(
    emulator: Emulator, machines: Machines, bucket: str
) -> None:
    """A catcher can name it."""
    emulator.client("s3").put_object(Bucket=bucket, Key="items", Body=b"a,b")
    each = distributed(
        {"Item": passing()},
        ItemReader={
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": bucket, "Key": "items"},
        },
    )

    assert machines.run({"Each": each}).get("error") == "States.ItemReaderFailed"


@pytest.mark.holds("child_executions")
@pytest.mark.parametrize("field", ["ItemBatcher", "ResultWriter"])
def test_what_the_emulator_lacks_is_refused(machines: Machines, field: str) -> None:
    """Silence would look as if it worked."""
    each = distributed({"Item": passing()}, **{field: {"MaxItemsPerBatch": 2}})

    assert machines.run({"Each": each}, [1]).get("error") == "States.Runtime"


def _map_run(machines: Machines, execution: str) -> Any:  # noqa: ANN401 - JSON
    (run,) = machines.client.list_map_runs(executionArn=execution)["mapRuns"]
    return machines.client.describe_map_run(mapRunArn=run["mapRunArn"])


def _children(machines: Machines, run: Any, status: Any) -> list[Any]:  # noqa: ANN401 - JSON
    listed = machines.client.list_executions(
        mapRunArn=run["mapRunArn"], statusFilter=status
    )
    return list(listed["executions"])
