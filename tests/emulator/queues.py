"""SQS queues that receive events and messages."""

import json
import uuid
from typing import Any

from local.emulator.process import Emulator
from tests.emulator.polling import wait_for


def create(emulator: Emulator) -> tuple[str, str]:
    """Create a queue; return its URL and its ARN."""
    name = f"q-{uuid.uuid4()}"
    url = emulator.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:000000000000:{name}"


def receive(emulator: Emulator, url: str) -> dict[str, Any]:
    """Wait for a message, delete it, and return its JSON body."""
    sqs = emulator.client("sqs")
    messages = wait_for(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
    body: dict[str, Any] = json.loads(messages[0]["Body"])
    return body
