"""The metrics of SQS queues in CloudWatch."""

import time
from typing import Any

from ministack.services import cloudwatch, sqs

from local.emulator.corrections import alarm_evaluation

_PERIOD = 60
# The last counts of each queue, and when they were published.
_published: dict[str, tuple[dict[str, int], float]] = {}


def queue_metrics() -> None:
    """Publish the number of messages of each queue, and the age of the oldest.

    AWS: publishes the metrics each minute. Here they appear at once when a count
    changes, and otherwise once per scaled minute.
    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    MiniStack: publishes none, so that no alarm on dead letters goes off.
    """
    alarm_evaluation.on_each_tick(_publish)


def _publish() -> None:
    now = time.time()
    for queue in sqs._queues.values():
        name, messages = queue["name"], queue["messages"]
        counts = _counts(messages, now)
        last_counts, published_at = _published.get(name, ({}, 0.0))
        recent = now - published_at < alarm_evaluation.scaled(_PERIOD)
        if counts == last_counts and recent:
            continue
        _published[name] = (counts, now)
        dimensions = {"QueueName": name}
        for metric, count in counts.items():
            cloudwatch.record_metric("AWS/SQS", metric, count, "Count", dimensions)
        sent = [m.get("enqueued_at") or m.get("sent_at") or now for m in messages]
        age = now - min(sent, default=now)
        cloudwatch.record_metric(
            "AWS/SQS", "ApproximateAgeOfOldestMessage", age, "Seconds", dimensions
        )


def _counts(messages: list[dict[str, Any]], now: float) -> dict[str, int]:
    hidden = [message for message in messages if message.get("visible_at", 0) > now]
    delayed = sum(not message.get("receive_count") for message in hidden)
    return {
        "ApproximateNumberOfMessagesVisible": len(messages) - len(hidden),
        "ApproximateNumberOfMessagesNotVisible": len(hidden) - delayed,
        "ApproximateNumberOfMessagesDelayed": delayed,
    }
