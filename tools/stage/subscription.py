"""Subscription: receive, through a queue of its own, what topics publish."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from verdict_courier.stack_checks import parse_object


@dataclass(kw_only=True)
class Subscription:
    """A queue that topics send to, and what it has received."""

    sqs: Any
    queue: str
    _messages: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    @contextmanager
    def opened(
        cls, topics: Sequence[str], *, name: str, client: Callable[[str], Any]
    ) -> Iterator[Self]:
        """Subscribe a new queue to topics, and delete it after the block."""
        sqs, sns = client("sqs"), client("sns")
        queue = sqs.create_queue(QueueName=f"{name}-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        arn = arn["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(
            QueueUrl=queue, Attributes={"Policy": json.dumps(_policy(arn, topics))}
        )
        subscriptions = [
            sns.subscribe(
                TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
            )["SubscriptionArn"]
            for topic in topics
        ]
        try:
            yield cls(sqs=sqs, queue=queue)
        finally:
            for subscription in subscriptions:
                sns.unsubscribe(SubscriptionArn=subscription)
            sqs.delete_queue(QueueUrl=queue)

    def find(self, part: str) -> dict[str, Any] | None:
        """Return the first message that contains a text; None if none has come yet."""
        received = self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        for message in received.get("Messages", []):
            self._messages.append(parse_object(message["Body"]))
        return next(
            (message for message in self._messages if part in json.dumps(message)), None
        )


def _policy(queue_arn: str, topics: Sequence[str]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": list(topics)}},
            }
        ],
    }


def as_object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a JSON object as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    """Return a list as it is, and a list of any other value."""
    return value if isinstance(value, list) else [value]
