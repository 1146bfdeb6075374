"""What Step Functions vends about executions: log events and metrics."""

import json
import threading
import time
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs
from ministack.services import stepfunctions as sfn

from local.emulator.corrections.lifecycle import Event, Execution

_in_order = threading.Lock()
_DATA = ("cause", "error", "input", "output", "parameters")
_FATAL = ("ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut")
_OUTCOMES = {
    "ABORTED": "ExecutionsAborted",
    "FAILED": "ExecutionsFailed",
    "SUCCEEDED": "ExecutionsSucceeded",
    "TIMED_OUT": "ExecutionsTimedOut",
}


def execution_logs() -> None:
    """Write each event of the history to the log group that the machine names.

    As configured: by level, and without input, output and errors when execution
    data are excluded. MiniStack writes nothing.
    """
    add_event, run = sfn._add_event, sfn._run_execution

    def add(execution: Execution, kind: str, details: Event | None = None) -> Event:
        event: Event = add_event(execution, kind, details)
        _log(execution, event)
        return event

    def run_execution(arn: str) -> None:
        execution = sfn._executions.get(arn)
        _log(execution, execution["events"][0])
        run(arn)

    sfn._add_event, sfn._run_execution = add, run_execution


def execution_metrics() -> None:
    """Count executions in AWS/States as they start and end, with their duration.

    MiniStack counts nothing, so that alarms on failed executions stay silent.
    """
    emit = sfn._emit_execution_status_event

    def emit_status(execution: Execution) -> None:
        status = execution["status"]
        if status == "RUNNING":
            _count(execution, "ExecutionsStarted", 1)
        else:
            for outcome, name in _OUTCOMES.items():
                _count(execution, name, int(outcome == status))
            took = sfn._iso_to_epoch_ms(execution["stopDate"]) - sfn._iso_to_epoch_ms(
                execution["startDate"]
            )
            _count(execution, "ExecutionTime", took, "Milliseconds")
        emit(execution)

    sfn._emit_execution_status_event = emit_status


def _count(execution: Execution, name: str, value: float, unit: str = "Count") -> None:
    dimensions = {"StateMachineArn": execution["stateMachineArn"]}
    cloudwatch.record_metric("AWS/States", name, value, unit, dimensions)


def _log(execution: Execution, event: Event) -> None:
    # The children of a distributed Map run under its name and the Map's label.
    owner, _, _ = execution["stateMachineArn"].partition("/")
    machine = sfn._state_machines.get(owner) or {}
    logging = _camel(machine.get("loggingConfiguration") or {})
    if not _logged(logging.get("level", "OFF"), event["type"]):
        return
    for destination in logging.get("destinations", []):
        arn = destination["cloudWatchLogsLogGroup"]["logGroupArn"]
        group = arn.split(":log-group:")[-1].removesuffix(":*")
        # A stream is in the order of time; to MiniStack a late event is costly.
        with _in_order:
            _write(group, machine["name"], execution, event, logging)


def _write(
    group: str,
    machine: str,
    execution: Execution,
    event: Event,
    logging: Any,  # noqa: ANN401 - JSON
) -> None:
    now = int(time.time() * 1000)
    message = {
        "id": str(event["id"]),
        "type": event["type"],
        "details": _details(event, data=logging.get("includeExecutionData", False)),
        "previous_event_id": str(event.get("previousEventId", 0)),
        "event_timestamp": str(now),
        "execution_arn": execution["executionArn"],
    }
    minute = time.strftime("%Y-%m-%d-%H-%M", time.gmtime())
    target = {"logGroupName": group, "logStreamName": f"states/{machine}/{minute}"}
    cloudwatch_logs._create_log_stream(target)  # refused when it is there: fine
    cloudwatch_logs._put_log_events(
        {**target, "logEvents": [{"timestamp": now, "message": json.dumps(message)}]}
    )


def _logged(level: str, kind: str) -> bool:
    if level == "ERROR":
        return any(word in kind for word in ("Aborted", "Failed", "TimedOut"))
    return level == "ALL" or (level == "FATAL" and kind in _FATAL)


def _details(event: Event, *, data: bool) -> dict[str, Any]:
    details: dict[str, Any] = next(
        (v for k, v in event.items() if k.endswith("EventDetails")), {}
    )
    return {k: v for k, v in details.items() if data or k not in _DATA}


def _camel(value: Any) -> Any:  # noqa: ANN401 - JSON
    """CloudFormation's LoggingConfiguration in the spelling of the API."""
    if isinstance(value, dict):
        return {k[0].lower() + k[1:]: _camel(v) for k, v in value.items()}
    return [_camel(v) for v in value] if isinstance(value, list) else value
