"""Executions write history, logs, metrics, events and notifications."""

import json
import uuid
from typing import Any

import pytest

from local.emulator.process import Emulator
from tests.emulator import functions, queues
from tests.emulator.machines import ROLE, Machines, invoke_task, pass_state
from tests.emulator.metrics import statistic
from tests.emulator.polling import wait_for

ECHO = "def handler(event, context): return event"
DEFINITION = {"StartAt": "Done", "States": {"Done": pass_state()}}


@pytest.mark.correction("task_events")
def test_history_of_a_task(emulator: Emulator, machines: Machines) -> None:
    """Each event has the id of the previous one, and AWS' name of the integration."""
    name = functions.create(emulator, ECHO)

    ended = machines.run({"Call": invoke_task(name)})

    history = machines.history(ended["executionArn"])
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["previousEventId"] for event in history] == [0, 0, 2, 3, 4, 5, 6]
    scheduled = history[2]["taskScheduledEventDetails"]
    assert (scheduled["resourceType"], scheduled["resource"]) == ("lambda", "invoke")


@pytest.mark.correction("task_events")
def test_time_out_has_its_own_event(emulator: Emulator, machines: Machines) -> None:
    """AWS writes TaskTimedOut instead of TaskFailed."""
    name = functions.create(emulator, "import time\ndef handler(e, c): time.sleep(2)")

    ended = machines.run({"Call": invoke_task(name, TimeoutSeconds=1)})

    events = machines.event_types(ended["executionArn"])
    assert "TaskTimedOut" in events
    assert "TaskFailed" not in events


@pytest.mark.correction("map_events")
def test_history_of_a_map(machines: Machines) -> None:
    """Iterations and their states have events of their own."""
    inner = {"StartAt": "Item", "States": {"Item": pass_state()}}
    map_state = {
        "Type": "Map",
        "ItemProcessor": inner,
        "MaxConcurrency": 1,
        "End": True,
    }

    ended = machines.run({"Map": map_state}, ["a"])

    assert machines.event_types(ended["executionArn"])[1:-1] == [
        "MapStateEntered",
        "MapStateStarted",
        "MapIterationStarted",
        "PassStateEntered",
        "PassStateExited",
        "MapIterationSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
    ]


@pytest.mark.correction("execution_logs")
def test_log_group_receives_events_without_data(
    emulator: Emulator, machines: Machines
) -> None:
    """The project logs at level ALL, without execution data."""
    logs, group = emulator.client("logs"), f"/states/{uuid.uuid4()}"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"
    machine = machines.client.create_state_machine(
        name=str(uuid.uuid4()),
        definition=json.dumps(DEFINITION),
        roleArn=ROLE,
        loggingConfiguration={
            "level": "ALL",
            "includeExecutionData": False,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
        },
    )["stateMachineArn"]

    machines.wait(machines.start(machine, {"secret": "s3cret"}))

    def logged() -> list[dict[str, Any]]:
        found = logs.filter_log_events(logGroupName=group)["events"]
        return [json.loads(event["message"]) for event in found]

    wait_for(lambda: "ExecutionSucceeded" in [line["type"] for line in logged()])
    assert [line["type"] for line in logged()] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert "s3cret" not in json.dumps(logged())


@pytest.mark.correction("execution_metrics")
def test_executions_are_counted(emulator: Emulator, machines: Machines) -> None:
    """Alarms on failed executions need these metrics."""
    machine = machines.create({"Fail": {"Type": "Fail", "Error": "Broken"}})

    machines.wait(machines.start(machine))

    def count(name: str) -> float | None:
        dimensions = {"StateMachineArn": machine}
        return statistic(emulator, "AWS/States", name, dimensions)

    assert wait_for(lambda: count("ExecutionsFailed")) == 1
    assert count("ExecutionsStarted") == 1
    assert count("ExecutionsSucceeded") == 0


def test_status_change_is_an_event(emulator: Emulator, machines: Machines) -> None:
    """The project's rule on failed executions matches it."""
    queue, arn = queues.create(emulator)
    machine = machines.create({"Fail": {"Type": "Fail", "Error": "Broken"}})
    events, rule = emulator.client("events"), f"rule-{uuid.uuid4()}"
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED"], "stateMachineArn": [machine]},
    }
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])

    execution = machines.start(machine)

    event = queues.receive(emulator, queue)
    assert event["detail"]["executionArn"] == execution
    assert event["detail"]["error"] == "Broken"


@pytest.mark.correction("message_attributes")
def test_notification_has_its_attributes(
    emulator: Emulator, machines: Machines
) -> None:
    """Subscriptions filter by attributes."""
    queue, arn = queues.create(emulator)
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=f"t-{uuid.uuid4()}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    publish = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {
            "TopicArn": topic,
            "Subject": "Job ended",
            "Message.$": "$",
            "MessageAttributes": {
                "outcome": {"DataType": "String", "StringValue.$": "$.outcome"}
            },
        },
        "End": True,
    }

    machines.output({"Notify": publish}, {"outcome": "partial"})

    message = queues.receive(emulator, queue)
    assert message["Subject"] == "Job ended"
    assert json.loads(message["Message"]) == {"outcome": "partial"}
    assert message["MessageAttributes"] == {
        "outcome": {"Type": "String", "Value": "partial"}
    }


@pytest.mark.correction("message_attributes")
def test_failed_notification_has_the_name_of_snss_error(machines: Machines) -> None:
    """A catcher can distinguish a missing topic from other errors."""
    publish = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:missing",
            "Message": "m",
        },
        "End": True,
    }

    assert machines.run({"Notify": publish})["error"] == "SNS.NotFoundException"
