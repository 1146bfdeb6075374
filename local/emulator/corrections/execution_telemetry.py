"""The log events and metrics that Step Functions publishes about executions."""

import json
import threading
import time
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs
from ministack.services import stepfunctions as sfn

from local.emulator.corrections.ministack_types import Event, Execution

_log_lock = threading.Lock()
_DATA_FIELDS = ("cause", "error", "input", "output", "parameters")
_FATAL_EVENTS = ("ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut")
_METRICS = {
    "ABORTED": "ExecutionsAborted",
    "FAILED": "ExecutionsFailed",
    "SUCCEEDED": "ExecutionsSucceeded",
    "TIMED_OUT": "ExecutionsTimedOut",
}


def execution_logs() -> None:
    """Write the events of the history to the state machine's log group.

    AWS: writes the events of the configured level, without input, output and
    errors unless execution data are included.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    MiniStack: writes nothing.
    """
    add, run = sfn._add_event, sfn._run_execution

    def add_logged(
        execution: Execution, kind: str, details: Event | None = None
    ) -> Event:
        event: Event = add(execution, kind, details)
        _log(execution, event)
        return event

    def run_execution(arn: str) -> None:
        execution = sfn._executions.get(arn)
        _log(execution, execution["events"][0])
        run(arn)

    sfn._add_event, sfn._run_execution = add_logged, run_execution


def execution_metrics() -> None:
    """Count executions in AWS/States when they start and end, with their duration.

    AWS: publishes these metrics for each state machine.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    MiniStack: publishes none, so that no alarm on failed executions goes off.
    """
    emit = sfn._emit_execution_status_event

    def emit_status(execution: Execution) -> None:
        status = execution["status"]
        if status == "RUNNING":
            _record(execution, "ExecutionsStarted", 1)
        else:
            for metric_status, name in _METRICS.items():
                _record(execution, name, int(metric_status == status))
            began, ended = (
                sfn._iso_to_epoch_ms(execution[date])
                for date in ("startDate", "stopDate")
            )
            _record(execution, "ExecutionTime", ended - began, "Milliseconds")
        emit(execution)

    sfn._emit_execution_status_event = emit_status


def _record(execution: Execution, name: str, value: float, unit: str = "Count") -> None:
    dimensions = {"StateMachineArn": execution["stateMachineArn"]}
    cloudwatch.record_metric("AWS/States", name, value, unit, dimensions)


def _log(execution: Execution, event: Event) -> None:
    # Children of a distributed Map run under the machine's ARN and the Map's label.
    machine_arn, _, _ = execution["stateMachineArn"].partition("/")
    machine = sfn._state_machines.get(machine_arn) or {}
    logging = _camel_case(machine.get("loggingConfiguration") or {})
    if not _is_logged(event["type"], logging.get("level", "OFF")):
        return
    include_data = logging.get("includeExecutionData", False)
    for destination in logging.get("destinations", []):
        arn = destination["cloudWatchLogsLogGroup"]["logGroupArn"]
        group = arn.split(":log-group:")[-1].removesuffix(":*")
        # A stream is ordered by time, and MiniStack is slow at late events.
        with _log_lock:
            _write(group, machine["name"], execution, event, include_data=include_data)


def _write(
    group: str, machine: str, execution: Execution, event: Event, *, include_data: bool
) -> None:
    now = int(time.time() * 1000)
    details: dict[str, Any] = next(
        (value for key, value in event.items() if key.endswith("EventDetails")), {}
    )
    message = {
        "id": str(event["id"]),
        "type": event["type"],
        "details": {
            key: value
            for key, value in details.items()
            if include_data or key not in _DATA_FIELDS
        },
        "previous_event_id": str(event.get("previousEventId", 0)),
        "event_timestamp": str(now),
        "execution_arn": execution["executionArn"],
    }
    minute = time.strftime("%Y-%m-%d-%H-%M", time.gmtime())
    target = {"logGroupName": group, "logStreamName": f"states/{machine}/{minute}"}
    cloudwatch_logs._create_log_stream(target)  # refused if it exists
    cloudwatch_logs._put_log_events(
        {**target, "logEvents": [{"timestamp": now, "message": json.dumps(message)}]}
    )


def _is_logged(kind: str, level: str) -> bool:
    if level == "ERROR":
        return any(word in kind for word in ("Aborted", "Failed", "TimedOut"))
    return level == "ALL" or (level == "FATAL" and kind in _FATAL_EVENTS)


def _camel_case(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return CloudFormation's LoggingConfiguration with the keys of the API."""
    if isinstance(value, dict):
        return {k[0].lower() + k[1:]: _camel_case(v) for k, v in value.items()}
    return [_camel_case(v) for v in value] if isinstance(value, list) else value
