"""Receive the SNS messages of a local stack in a queue of the console."""

import json
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


class MessageReader:
    """A subscription of the topic with a new queue, next to all other subscriptions."""

    def __init__(self, topic: str, *, sns: "SNSClient", sqs: "SQSClient") -> None:
        self._sqs = sqs
        self._queue = sqs.create_queue(
            QueueName="page", Attributes={"Policy": json.dumps(_policy(topic))}
        )["QueueUrl"]
        arn = sqs.get_queue_attributes(
            QueueUrl=self._queue, AttributeNames=["QueueArn"]
        )
        sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
        )
        self._received: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._lock = threading.Lock()

    def messages(self, job_id: str) -> list[dict[str, Any]]:
        """Return the messages about a job since the subscription, as SNS wraps them."""
        with self._lock:
            while self._receive():
                pass
            return list(self._received.get(job_id, ()))

    def _receive(self) -> bool:
        """Store the next messages, and return whether there were any."""
        response = self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        for message in response.get("Messages", ()):
            notice = json.loads(message["Body"])
            job_id = notice["MessageAttributes"]["job_id"]["Value"]
            self._received[job_id].append(notice)
            self._sqs.delete_message(
                QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
            )
        return "Messages" in response


def _policy(topic: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
