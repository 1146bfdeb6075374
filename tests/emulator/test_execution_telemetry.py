"""What an execution leaves behind: history, logs, metrics, events, messages."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import ROLE, Machines, invoke, passing
from tests.emulator.polling import until

ECHO = "def handler(event, context): return event"
QUIET = {"StartAt": "Done", "States": {"Done": passing()}}


@pytest.mark.holds("task_events")
def test_the_history_of_a_task(emulator: Emulator, machines: Machines) -> None:
    """Each event names the one before, and the integration as AWS spells it."""
    name = functions.create(emulator, ECHO)

    ended = machines.run({"Call": invoke(name)})

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


@pytest.mark.holds("task_events")
def test_a_time_out_has_its_own_event(emulator: Emulator, machines: Machines) -> None:
    """TaskTimedOut, not TaskFailed."""
    name = functions.create(emulator, "import time\ndef handler(e, c): time.sleep(2)")

    ended = machines.run({"Call": invoke(name, TimeoutSeconds=1)})

    events = machines.events(ended["executionArn"])
    assert "TaskTimedOut" in events
    assert "TaskFailed" not in events


@pytest.mark.holds("map_events")
def test_the_history_of_a_map(machines: Machines) -> None:
    """Each iteration has its own chain of events."""
    inner = {"StartAt": "Item", "States": {"Item": passing()}}
    each = {"Type": "Map", "ItemProcessor": inner, "MaxConcurrency": 1, "End": True}

    ended = machines.run({"Map": each}, ["a"])

    assert machines.events(ended["executionArn"])[1:-1] == [
        "MapStateEntered",
        "MapStateStarted",
        "MapIterationStarted",
        "PassStateEntered",
        "PassStateExited",
        "MapIterationSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
    ]


@pytest.mark.holds("execution_logs")
def test_events_go_to_the_log_group_without_data(
    emulator: Emulator, machines: Machines
) -> None:
    """Level ALL, execution data left out: what the project configures."""
    logs, group = emulator.client("logs"), f"/states/{uuid.uuid4()}"
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"
    machine = machines.client.create_state_machine(
        name=str(uuid.uuid4()),
        definition=json.dumps(QUIET),
        roleArn=ROLE,
        loggingConfiguration={
            "level": "ALL",
            "includeExecutionData": False,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
        },
    )["stateMachineArn"]

    machines.ended(machines.start(machine, {"secret": "s3cret"}))

    def logged() -> list[dict[str, Any]]:
        found = logs.filter_log_events(logGroupName=group)["events"]
        return [json.loads(event["message"]) for event in found]

    until(lambda: "ExecutionSucceeded" in [line["type"] for line in logged()])
    assert [line["type"] for line in logged()] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert "s3cret" not in json.dumps(logged())


@pytest.mark.holds("execution_metrics")
def test_executions_are_counted(emulator: Emulator, machines: Machines) -> None:
    """An alarm on failed executions needs them."""
    machine = machines.create({"Fail": {"Type": "Fail", "Error": "Broken"}})

    machines.ended(machines.start(machine))

    def count(metric: str) -> float:
        now = datetime.now(UTC)
        points = emulator.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/States",
            MetricName=metric,
            Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    assert until(lambda: count("ExecutionsFailed")) == 1
    assert count("ExecutionsStarted") == 1
    assert count("ExecutionsSucceeded") == 0


def test_a_status_change_is_an_event(emulator: Emulator, machines: Machines) -> None:
    """EventBridge rules on failed executions match it."""
    queue, arn = _queue(emulator)
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

    event = _received(emulator, queue)
    assert event["detail"]["executionArn"] == execution
    assert event["detail"]["error"] == "Broken"


@pytest.mark.holds("message_attributes")
def test_a_notification_carries_its_attributes(
    emulator: Emulator, machines: Machines
) -> None:
    """Subscribers filter by them."""
    queue, arn = _queue(emulator)
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

    message = _received(emulator, queue)
    assert message["Subject"] == "Job ended"
    assert json.loads(message["Message"]) == {"outcome": "partial"}
    assert message["MessageAttributes"] == {
        "outcome": {"Type": "String", "Value": "partial"}
    }


@pytest.mark.holds("message_attributes")
def test_a_failed_notification_is_named_as_sns_names_it(machines: Machines) -> None:
    """So that a catcher can tell a missing topic from the rest."""
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


def _queue(emulator: Emulator) -> tuple[str, str]:
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName=f"q-{uuid.uuid4()}")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, attributes["Attributes"]["QueueArn"]


def _received(emulator: Emulator, queue: str) -> dict[str, Any]:
    sqs = emulator.client("sqs")
    messages = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    body: dict[str, Any] = json.loads(messages[0]["Body"])
    return body
