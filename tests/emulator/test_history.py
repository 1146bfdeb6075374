"""Executions write their history, events and notifications."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator import functions, queues
from tests.emulator.machines import Machines, StateJson, invoke_task, pass_state

ECHO = "def handler(event, context): return event"


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
    attribute = {"DataType": "String", "StringValue.$": "$.outcome"}
    publish = publish_task(
        topic, Subject="Job ended", MessageAttributes={"outcome": attribute}
    )
    del publish["Parameters"]["Message"]
    publish["Parameters"]["Message.$"] = "$"

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
    missing = publish_task("arn:aws:sns:us-east-1:000000000000:missing")

    assert machines.run({"Notify": missing})["error"] == "SNS.NotFoundException"


@pytest.mark.correction("empty_values")
@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"Message": ""}, "SNS.InvalidParameterException"),
        (
            {
                "MessageAttributes": {
                    "verdict": {"DataType": "String", "StringValue": ""}
                }
            },
            "SNS.InvalidParameterValueException",
        ),
    ],
    ids=["message", "attribute"],
)
def test_empty_notification_is_refused(
    emulator: Emulator, machines: Machines, fields: StateJson, error: str
) -> None:
    """A notice with an empty field would be lost on AWS.

    Source: https://docs.aws.amazon.com/sns/latest/api/API_MessageAttributeValue.html
    and https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    """
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=f"t-{uuid.uuid4()}")["TopicArn"]

    assert machines.run({"Notify": publish_task(topic, **fields)}).get("error") == error
    with pytest.raises(ClientError, match=r"InvalidParameter|ParameterValueInvalid"):
        sns.publish(**{"TopicArn": topic, "Message": "m", **fields})


def publish_task(topic: str, **parameters: Any) -> StateJson:  # noqa: ANN401 - JSON
    """Return a task that publishes to a topic, and ends the machine."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Message": "m", **parameters},
        "End": True,
    }
