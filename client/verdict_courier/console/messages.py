"""Messages: the notices of a local stack, as a queue of the page's receives them."""

import json
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


class Messages:
    """A subscription from now on, which takes nothing away from other ones."""

    def __init__(self, topic: str, *, sns: "SNSClient", sqs: "SQSClient") -> None:
        self._sqs = sqs
        self._queue = sqs.create_queue(QueueName="page")["QueueUrl"]
        arn = sqs.get_queue_attributes(
            QueueUrl=self._queue, AttributeNames=["QueueArn"]
        )
        sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
        )
        self._received: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._lock = threading.Lock()

    def of(self, job_id: str) -> list[dict[str, Any]]:
        """Give the notices about a job, as SNS wrapped them."""
        with self._lock:
            while self._receive():
                pass
            return list(self._received.get(job_id, ()))

    def _receive(self) -> bool:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        for message in answer.get("Messages", ()):
            notice = json.loads(message["Body"])
            about = notice["MessageAttributes"]["job_id"]["Value"]
            self._received[about].append(notice)
            self._sqs.delete_message(
                QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
            )
        return "Messages" in answer
