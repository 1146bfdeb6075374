"""Tasks with a token wait for one answer, or until they time out."""

import json

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator import functions, queues
from tests.emulator.machines import Machines, StateJson, pass_state

RECEIVE_TOKEN = """
    def handler(event, context):
        if event.get("fail"):
            raise ValueError("not delivered")
"""


def token_task(function: str, **fields: object) -> StateJson:
    """Return a task that passes its token to a function and waits."""
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


@pytest.mark.parametrize("output", ['{"ok": true}', "3", '"webhook"', "null"])
def test_success_becomes_the_output(
    emulator: Emulator, machines: Machines, output: str
) -> None:
    """Any JSON value is an output, and goes where ResultPath says."""
    token, execution = _start_waiting_task(emulator, machines, ResultPath="$.answer")

    machines.client.send_task_success(taskToken=token, output=output)

    ended = machines.wait(execution)
    assert json.loads(ended["output"]) == {"answer": json.loads(output)}


@pytest.mark.correction("callbacks")
def test_output_has_to_be_json(emulator: Emulator, machines: Machines) -> None:
    """Anything else is refused, and the task keeps waiting."""
    token, execution = _start_waiting_task(emulator, machines)

    with pytest.raises(ClientError, match="InvalidOutput"):
        machines.client.send_task_success(taskToken=token, output="ok")

    machines.client.send_task_success(taskToken=token, output="1")
    assert machines.wait(execution)["status"] == "SUCCEEDED"


def test_failure_fails_the_task(emulator: Emulator, machines: Machines) -> None:
    """The error of the answer is the error of the task."""
    token, execution = _start_waiting_task(emulator, machines)

    machines.client.send_task_failure(taskToken=token, error="Broken", cause="there")

    assert machines.wait(execution)["error"] == "Broken"


def test_token_times_out(emulator: Emulator, machines: Machines) -> None:
    """The poll loop continues on this error when no webhook arrives."""
    name = functions.create(emulator, RECEIVE_TOKEN)
    call = token_task(name, TimeoutSecondsPath="$.s")

    ended = machines.run({"Call": call}, {"fail": False, "s": 1})

    assert ended["error"] == "States.Timeout"


@pytest.mark.correction("callbacks")
def test_second_answer_is_refused(emulator: Emulator, machines: Machines) -> None:
    """A late webhook gets an error and changes nothing."""
    token, execution = _start_waiting_task(emulator, machines)
    machines.client.send_task_success(taskToken=token, output="1")

    with pytest.raises(ClientError, match="TaskTimedOut"):
        machines.client.send_task_success(taskToken=token, output="2")

    assert machines.wait(execution)["output"] == "1"


@pytest.mark.correction("callbacks")
@pytest.mark.usefixtures("real_time")
def test_missed_heartbeat_fails_the_task(
    emulator: Emulator, machines: Machines
) -> None:
    """It does so before the task's own time-out."""
    name = functions.create(emulator, RECEIVE_TOKEN)
    call = token_task(name, HeartbeatSeconds=1, TimeoutSeconds=4)

    ended = machines.run({"Call": call}, {"fail": False})

    assert ended["error"] == "States.HeartbeatTimeout"


@pytest.mark.correction("callbacks")
def test_answer_after_the_time_out_is_refused(
    emulator: Emulator, machines: Machines
) -> None:
    """The poll has continued by then, so the late webhook gets an error."""
    catcher = {"ErrorEquals": ["States.Timeout"], "ResultPath": "$.e", "Next": "Poll"}
    token, execution = _start_waiting_task(
        emulator, machines, {"Poll": pass_state()}, TimeoutSeconds=1, Catch=[catcher]
    )
    output = json.loads(machines.wait(execution)["output"])
    assert output["e"]["Error"] == "States.Timeout"

    with pytest.raises(ClientError, match="TaskTimedOut"):
        machines.client.send_task_success(taskToken=token, output="1")


@pytest.mark.correction("callbacks")
def test_wait_scale_shortens_a_wait_for_a_token(
    emulator: Emulator, machines: Machines
) -> None:
    """An hour of polling has to pass in seconds with webhooks as well."""
    name = functions.create(emulator, RECEIVE_TOKEN)

    ended = machines.run(
        {"Call": token_task(name, TimeoutSecondsPath="$.s")}, {"fail": False, "s": 3600}
    )

    assert ended["error"] == "States.Timeout"


@pytest.mark.correction("callbacks")
def test_delivery_of_a_token_is_an_event(
    emulator: Emulator, machines: Machines
) -> None:
    """An event more for each wait counts towards the 25,000.

    Source: recorded on AWS.
    """
    token, execution = _start_waiting_task(emulator, machines)
    machines.client.send_task_success(taskToken=token, output="1")

    machines.wait(execution)

    history = machines.history(execution)
    assert [event["type"] for event in history[2:6]] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
    ]
    submitted = history[4]["taskSubmittedEventDetails"]
    assert submitted["resourceType"] == "sqs"
    assert "MessageId" in submitted["output"]


@pytest.mark.correction("callbacks")
def test_each_attempt_has_its_own_token(emulator: Emulator, machines: Machines) -> None:
    """An answer to the first attempt must not end the second."""
    retrier = {"ErrorEquals": ["Again"], "MaxAttempts": 1}
    first, execution = _start_waiting_task(emulator, machines, Retry=[retrier])
    machines.client.send_task_failure(taskToken=first, error="Again", cause="")

    second = _sent_token(emulator, machines)
    machines.client.send_task_success(taskToken=second, output="2")

    assert first != second
    assert machines.wait(execution)["output"] == "2"


@pytest.mark.correction("callbacks")
def test_undelivered_token_fails_the_task(
    emulator: Emulator, machines: Machines
) -> None:
    """No one could answer a token that was not delivered."""
    name = functions.create(emulator, RECEIVE_TOKEN)

    ended = machines.run({"Call": token_task(name, TimeoutSeconds=2)}, {"fail": True})

    assert ended["error"] == "ValueError"


def _start_waiting_task(
    emulator: Emulator,
    machines: Machines,
    other_states: StateJson | None = None,
    **fields: object,
) -> tuple[str, str]:
    """Start a task that waits for an answer; return its token and the execution."""
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
        **fields,
    }
    execution = machines.start(machines.create({"Send": send, **(other_states or {})}))
    return _sent_token(emulator, machines), execution


def _sent_token(emulator: Emulator, machines: Machines) -> str:
    sqs = emulator.client("sqs")
    queue = sqs.get_queue_url(QueueName=f"tokens-{id(machines)}")["QueueUrl"]
    token: str = queues.receive(emulator, queue)["token"]
    return token
