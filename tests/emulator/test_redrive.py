"""Dead letters are redriven as the run-book says."""

import json

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator import queues


@pytest.mark.correction("message_move_task")
def test_dead_letters_are_moved_to_a_queue(emulator: Emulator) -> None:
    """With a custom destination also those that came from no queue."""
    sqs = emulator.client("sqs")
    (source_url, source), (_, dead) = queues.create(emulator), queues.create(emulator)
    dead_url = sqs.get_queue_url(QueueName=dead.rpartition(":")[2])["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=source_url, Attributes={"RedrivePolicy": policy})
    sqs.send_message(QueueUrl=dead_url, MessageBody='{"n": 1}')

    assert sqs.start_message_move_task(SourceArn=dead, DestinationArn=source)[
        "TaskHandle"
    ]

    assert queues.receive(emulator, source_url) == {"n": 1}
    assert "Messages" not in sqs.receive_message(QueueUrl=dead_url)


def test_only_dead_letters_are_moved(emulator: Emulator) -> None:
    """Any other queue is refused."""
    _, queue = queues.create(emulator)

    with pytest.raises(ClientError, match="Dead Letter Queue"):
        emulator.client("sqs").start_message_move_task(SourceArn=queue)
