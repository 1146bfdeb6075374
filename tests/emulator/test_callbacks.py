"""Tasks with a token wait for their answer, or until their time is over."""

import json

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, State, passing
from tests.emulator.polling import until

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


@pytest.mark.parametrize("output", ['{"ok": true}', "3", '"webhook"', "null"])
def test_a_token_is_answered(
    emulator: Emulator, machines: Machines, output: str
) -> None:
    """With the task's output, which goes where ResultPath says, whatever it is."""
    token, execution = _waiting_task(emulator, machines, ResultPath="$.woken")

    machines.client.send_task_success(taskToken=token, output=output)

    ended = machines.ended(execution)
    assert json.loads(ended["output"]) == {"woken": json.loads(output)}


@pytest.mark.holds("callbacks")
def test_an_answer_has_to_be_json(emulator: Emulator, machines: Machines) -> None:
    """Who sends something else is told so; the task waits on."""
    token, execution = _waiting_task(emulator, machines)

    with pytest.raises(ClientError, match="InvalidOutput"):
        machines.client.send_task_success(taskToken=token, output="ok")

    machines.client.send_task_success(taskToken=token, output="1")
    assert machines.ended(execution)["status"] == "SUCCEEDED"


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
@pytest.mark.usefixtures("real_time")
def test_a_missed_heartbeat_fails_the_task(
    emulator: Emulator, machines: Machines
) -> None:
    """Long before the task's own time-out."""
    name = functions.create(emulator, KEEPS)
    call = waiting(name, HeartbeatSeconds=1, TimeoutSeconds=4)

    ended = machines.run({"Call": call}, {"fail": False})

    assert ended["error"] == "States.HeartbeatTimeout"


@pytest.mark.holds("callbacks")
def test_an_answer_after_the_time_out_is_refused(
    emulator: Emulator, machines: Machines
) -> None:
    """The poll has the word then; the webhook that lost is told so."""
    caught = {"ErrorEquals": ["States.Timeout"], "ResultPath": "$.e", "Next": "Poll"}
    token, execution = _waiting_task(
        emulator, machines, {"Poll": passing()}, TimeoutSeconds=1, Catch=[caught]
    )
    output = json.loads(machines.ended(execution)["output"])
    assert output["e"]["Error"] == "States.Timeout"

    with pytest.raises(ClientError, match="TaskTimedOut"):
        machines.client.send_task_success(taskToken=token, output="1")


@pytest.mark.holds("callbacks")
def test_the_wait_scale_shortens_a_wait_for_a_token(
    emulator: Emulator, machines: Machines
) -> None:
    """An hour of polling passes in seconds, woken by webhooks or not."""
    name = functions.create(emulator, KEEPS)

    ended = machines.run(
        {"Call": waiting(name, TimeoutSecondsPath="$.s")}, {"fail": False, "s": 3600}
    )

    assert ended["error"] == "States.Timeout"


@pytest.mark.holds("callbacks")
def test_each_try_has_a_token_of_its_own(
    emulator: Emulator, machines: Machines
) -> None:
    """An answer to the first must not end the second."""
    retried = {"ErrorEquals": ["Again"], "MaxAttempts": 1}
    first, execution = _waiting_task(emulator, machines, Retry=[retried])
    machines.client.send_task_failure(taskToken=first, error="Again", cause="")

    second = _sent_token(emulator, machines)
    machines.client.send_task_success(taskToken=second, output="2")

    assert first != second
    assert machines.ended(execution)["output"] == "2"


@pytest.mark.holds("callbacks")
def test_a_token_that_is_not_delivered_fails_the_task(
    emulator: Emulator, machines: Machines
) -> None:
    """Nobody could answer it."""
    name = functions.create(emulator, KEEPS)

    ended = machines.run({"Call": waiting(name, TimeoutSeconds=2)}, {"fail": True})

    assert ended["error"] == "ValueError"


def _waiting_task(
    emulator: Emulator,
    machines: Machines,
    others: State | None = None,
    **fields: object,
) -> tuple[str, str]:
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
        **fields,
    }
    execution = machines.start(machines.create({"Send": send, **(others or {})}))
    return _sent_token(emulator, machines), execution


def _sent_token(emulator: Emulator, machines: Machines) -> str:
    sqs = emulator.client("sqs")
    queue = sqs.get_queue_url(QueueName=f"tokens-{id(machines)}")["QueueUrl"]
    messages = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"])
    token: str = json.loads(messages[0]["Body"])["token"]
    return token
