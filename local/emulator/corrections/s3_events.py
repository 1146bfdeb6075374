"""What S3 tells others without being asked."""

import contextvars
import json
from typing import Any

from ministack.services import eventbridge, s3

_version_id: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "version", default=None
)


def object_events() -> None:
    """Give S3's events on EventBridge the version of the object, as AWS does.

    With it an event identifies one upload; MiniStack leaves it out.
    """
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_event(*args: Any, **fields: Any) -> None:  # noqa: ANN401 - passed on
        token = _version_id.set(fields.get("version_id"))
        try:
            fire(*args, **fields)
        finally:
            _version_id.reset(token)

    def dispatch_event(event: dict[str, Any], *args: Any, **fields: Any) -> Any:  # noqa: ANN401 - passed on
        if event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail.pop("event-version", None)
            if version := _version_id.get():
                detail["object"]["version-id"] = version
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *args, **fields)

    s3._fire_s3_event, eventbridge._dispatch_event = fire_event, dispatch_event
