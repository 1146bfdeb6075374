"""The redrive of dead letters."""

import base64
import json
import time
from typing import Any

from ministack.services import sqs


def message_move_task() -> None:
    """Move the messages of a queue of dead letters to another queue.

    AWS: StartMessageMoveTask moves them to a custom destination, or to their source,
    from a queue of dead letters only. Here it is done when the call returns.
    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
    MiniStack: does not know the action.
    """
    sqs._HANDLERS["StartMessageMoveTask"] = _start


def _start(request: dict[str, Any], _url: str) -> dict[str, str]:
    arn = request["SourceArn"]
    source = sqs._queue_by_arn(arn)
    if source is None:
        raise sqs._Err("ResourceNotFoundException", f"There is no queue {arn}.")
    senders = [queue for queue in sqs._queues.values() if _dead_letters(queue) == arn]
    if not senders:
        raise sqs._Err(
            "InvalidParameterValue",
            "Source queue must be configured as a Dead Letter Queue.",
        )
    custom = request.get("DestinationArn")
    now = time.time()
    kept, source["messages"] = source["messages"], []
    for message in kept:
        origin = message.get("sys", {}).get("DeadLetterQueueSourceArn", "")
        destination = sqs._queue_by_arn(custom or origin)
        if destination is None or message["visible_at"] > now:
            source["messages"].append(message)
            continue
        fresh = {"receipt_handle": None, "receive_count": 0, "visible_at": now}
        destination["messages"].append({**message, **fresh})
    sqs.esm_wake.set()
    handle = json.dumps({"taskId": str(sqs.new_uuid()), "sourceArn": arn})
    return {"TaskHandle": base64.b64encode(handle.encode()).decode()}


def _dead_letters(queue: dict[str, Any]) -> str:
    policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    return str(policy.get("deadLetterTargetArn", ""))
