"""What S3 and CloudWatch tell others without being asked."""

import contextvars
import json
import threading
from typing import Any

from ministack.services import cloudwatch, eventbridge, s3

_version_id: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "version", default=None
)
# One look at the alarms for many metrics: they are all written within it.
_ALARM_DELAY = 0.5
_alarms_due = threading.Lock()


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


def alarms_on_service_metrics() -> None:
    """Evaluate alarms when a service writes a metric.

    MiniStack does it only for PutMetricData, so that alarms on AWS/States or
    AWS/Lambda never go off.
    """
    record = cloudwatch.record_metric

    def record_metric(*args: Any, **fields: Any) -> None:  # noqa: ANN401 - passed on
        record(*args, **fields)
        if _alarms_due.acquire(blocking=False):
            scope = contextvars.copy_context()  # account and region
            timer = threading.Timer(_ALARM_DELAY, scope.run, (_evaluate,))
            timer.daemon = True
            timer.start()

    cloudwatch.record_metric = record_metric


def _evaluate() -> None:
    _alarms_due.release()
    cloudwatch._evaluate_all_alarms()
