"""The events of S3 on EventBridge."""

import contextvars
import json
from typing import Any

from ministack.services import eventbridge, s3

_version_id: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "version_id", default=None
)


def object_events() -> None:
    """Add the version of the object to S3's events on EventBridge.

    AWS: an event has the version id, so that it identifies one upload.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    MiniStack: omits it.
    """
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_event(*args: object, **fields: Any) -> None:  # noqa: ANN401 - passed on
        reset_token = _version_id.set(fields.get("version_id"))
        try:
            fire(*args, **fields)
        finally:
            _version_id.reset(reset_token)

    def dispatch_event(
        event: dict[str, Any], *args: object, **fields: object
    ) -> object:
        if event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail.pop("event-version", None)
            if version_id := _version_id.get():
                detail["object"]["version-id"] = version_id
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *args, **fields)

    s3._fire_s3_event, eventbridge._dispatch_event = fire_event, dispatch_event
