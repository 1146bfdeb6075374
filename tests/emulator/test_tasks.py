"""Tasks end in time, and those with a token wait for their answer."""

import json

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, State, invoke, passing
from tests.emulator.polling import until

SLOW = """
    import time

    def handler(event, context):
        time.sleep(2)
"""
KEEPS = """
    def handler(event, context):
        if event.get("fail"):
            raise ValueError("not delivered")
"""


def waiting(function: str, **fields: object) -> State:
    """A task that gives its token to a function and waits."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {
            "FunctionName": function,
            "Payload": {"token.$": "$$.Task.Token", "fail.$": "$.fail"},
        },
        "End": True,
        **fields,
    }


def test_a_task_times_out(emulator: Emulator, machines: Machines) -> None:
    """As States.Timeout, which a catcher can name."""
    name = functions.create(emulator, SLOW)
    caught = {"ErrorEquals": ["States.Timeout"], "Next": "Caught"}

    output = machines.output(
        {"Call": invoke(name, TimeoutSeconds=1, Catch=[caught]), "Caught": passing()}
    )

    assert output["Error"] == "States.Timeout"


@pytest.mark.holds("timeout_paths")
def test_a_time_out_comes_from_the_input(
    emulator: Emulator, machines: Machines
) -> None:
    """The wait for a webhook is as long as the schedule says."""
    name = functions.create(emulator, SLOW)

    ended = machines.run({"Call": invoke(name, TimeoutSecondsPath="$.s")}, {"s": 1})

    assert ended.get("error") == "States.Timeout"


@pytest.mark.holds("timeout_paths")
def test_a_time_out_has_to_be_a_positive_integer(
    emulator: Emulator, machines: Machines
) -> None:
    """AWS refuses a fraction only when the state is entered."""
    name = functions.create(emulator, KEEPS)

    ended = machines.run({"Call": invoke(name, TimeoutSecondsPath="$.s")}, {"s": 0.5})

    assert ended.get("error") == "States.Runtime"


def test_a_token_is_answered(emulator: Emulator, machines: Machines) -> None:
    """With the task's output, which goes on like a result."""
    token, execution = _waiting_task(emulator, machines)

    machines.client.send_task_success(taskToken=token, output='{"ok": true}')

    assert json.loads(machines.ended(execution)["output"]) == {"ok": True}


def test_a_token_is_refused(emulator: Emulator, machines: Machines) -> None:
    """With an error that fails the task."""
    token, execution = _waiting_task(emulator, machines)

    machines.client.send_task_failure(taskToken=token, error="Broken", cause="there")

    assert machines.ended(execution)["error"] == "Broken"


def test_a_token_times_out(emulator: Emulator, machines: Machines) -> None:
    """Which is how a poll loop learns that no webhook came."""
    name = functions.create(emulator, KEEPS)
    call = waiting(name, TimeoutSecondsPath="$.s")

    ended = machines.run({"Call": call}, {"fail": False, "s": 1})

    assert ended["error"] == "States.Timeout"


@pytest.mark.holds("callbacks")
def test_an_answer_after_the_first_is_refused(
    emulator: Emulator, machines: Machines
) -> None:
    """The webhook that comes too late is told so, and harms nothing."""
    token, execution = _waiting_task(emulator, machines)
    machines.client.send_task_success(taskToken=token, output="1")

    with pytest.raises(ClientError, match="TaskTimedOut"):
        machines.client.send_task_success(taskToken=token, output="2")

    assert machines.ended(execution)["output"] == "1"


@pytest.mark.holds("callbacks")
def test_a_missed_heartbeat_fails_the_task(
    emulator: Emulator, machines: Machines
) -> None:
    """Long before the task's own time-out."""
    name = functions.create(emulator, KEEPS)
    call = waiting(name, HeartbeatSeconds=1, TimeoutSeconds=4)

    ended = machines.run({"Call": call}, {"fail": False})

    assert ended["error"] == "States.HeartbeatTimeout"


@pytest.mark.holds("callbacks")
def test_a_token_that_is_not_delivered_fails_the_task(
    emulator: Emulator, machines: Machines
) -> None:
    """Nobody could answer it."""
    name = functions.create(emulator, KEEPS)

    ended = machines.run({"Call": waiting(name, TimeoutSeconds=2)}, {"fail": True})

    assert ended["error"] == "ValueError"


def _waiting_task(emulator: Emulator, machines: Machines) -> tuple[str, str]:
    """The token of a task that waits for its answer, and the execution."""
    sqs = emulator.client("sqs")
    queue = sqs.create_queue(QueueName=f"tokens-{id(machines)}")["QueueUrl"]
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl": queue,
            "MessageBody": {"token.$": "$$.Task.Token"},
        },
        "End": True,
    }
    execution = machines.start(machines.create({"Send": send}))

    messages = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    sqs.delete_queue(QueueUrl=queue)
    return json.loads(messages[0]["Body"])["token"], execution
