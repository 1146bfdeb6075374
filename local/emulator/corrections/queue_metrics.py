"""What SQS says of its queues in CloudWatch."""

import time
from typing import Any

from ministack.services import cloudwatch, sqs

from local.emulator.corrections import alarm_evaluation

_PERIOD = 60  # how often AWS says it
_said: dict[str, tuple[dict[str, int], float]] = {}


def queue_metrics() -> None:
    """Write how many messages a queue has, and how old the oldest is.

    At once when a number changes, otherwise once a minute, of alarms' minutes.
    MiniStack says nothing, so that dead letters alarm nobody.
    """
    alarm_evaluation.on_each_tick(_look)


def _look() -> None:
    now = time.time()
    for queue in sqs._queues.values():
        name = queue["name"]
        counts, age = _counted(queue["messages"], now), _oldest(queue["messages"], now)
        before, at = _said.get(name, ({}, 0.0))
        if counts == before and now - at < alarm_evaluation.scaled(_PERIOD):
            continue
        _said[name] = (counts, now)
        dimensions = {"QueueName": name}
        for metric, count in counts.items():
            cloudwatch.record_metric("AWS/SQS", metric, count, "Count", dimensions)
        cloudwatch.record_metric(
            "AWS/SQS", "ApproximateAgeOfOldestMessage", age, "Seconds", dimensions
        )


def _counted(messages: list[dict[str, Any]], now: float) -> dict[str, int]:
    hidden = [one for one in messages if one.get("visible_at", 0) > now]
    delayed = sum(not one.get("receive_count") for one in hidden)
    return {
        "ApproximateNumberOfMessagesVisible": len(messages) - len(hidden),
        "ApproximateNumberOfMessagesNotVisible": len(hidden) - delayed,
        "ApproximateNumberOfMessagesDelayed": delayed,
    }


def _oldest(messages: list[dict[str, Any]], now: float) -> float:
    """Seconds since the oldest message came."""
    came = [one.get("enqueued_at") or one.get("sent_at") or now for one in messages]
    return now - min(came, default=now)
