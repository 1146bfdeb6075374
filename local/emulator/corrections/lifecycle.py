"""The end of an execution, which happens once, in time, and is final."""

import contextlib
import contextvars
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions as sfn

from local.emulator.corrections.ministack_types import Event, Execution

_TERMINAL_EVENTS = frozenset(
    {"ExecutionAborted", "ExecutionFailed", "ExecutionSucceeded", "ExecutionTimedOut"}
)
_current: contextvars.ContextVar[Execution | None] = contextvars.ContextVar(
    "execution", default=None
)
#: The number of events in a history at which AWS ends the execution.
EVENT_LIMIT = 25_000
# Set when an execution ends, by ARN; only running executions have one.
_end_events: dict[str, threading.Event] = {}


class ExecutionEnded(BaseException):
    """Unwinds the thread of an execution that was stopped or ran out of time."""


def pause(seconds: float) -> None:
    """Sleep; raise ExecutionEnded as soon as the thread's execution ends."""
    execution = _current.get()
    ended = _end_events.get(execution["executionArn"]) if execution else None
    if ended is None:
        time.sleep(seconds)
    elif ended.wait(seconds):
        raise ExecutionEnded


def running() -> bool:
    """Return whether the thread's execution is running; True without an execution."""
    execution = _current.get()
    return execution is None or execution["status"] == "RUNNING"


@contextlib.contextmanager
def run_in_thread(execution: Execution) -> Iterator[None]:
    """Run the block as the thread of an execution, until it ends or is stopped."""
    arn = execution["executionArn"]
    ended = _end_events[arn] = threading.Event()
    reset_token = _current.set(execution)
    try:
        with contextlib.suppress(ExecutionEnded):
            yield
    finally:
        ended.set()
        _end_events.pop(arn, None)
        _current.reset(reset_token)


def add_event(
    execution: Execution, kind: str, details: dict[str, Any] | None = None
) -> None:
    """Add an event to the history, its details under the key that AWS uses."""
    key = f"{kind[0].lower()}{kind[1:]}EventDetails"
    # Looked up at call time, so that all corrections of _add_event apply.
    sfn._add_event(execution, kind, None if details is None else {key: details})


def add_to_current(kind: str, details: dict[str, Any]) -> None:
    """Add an event to the history of the thread's execution, if there is one."""
    execution = _current.get()
    if execution is not None:
        add_event(execution, kind, details)


def failed_without_output() -> None:
    """Leave the output of a failed execution empty.

    AWS: sets `output` only for an execution that succeeded.
    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    MiniStack: repeats error and cause in the output, and sets the status before them,
    so that who looks in between finds an end without its error.
    """

    def fail_execution(execution: Execution, error: str, cause: str) -> None:
        # In one step, as other threads read it.
        execution.update(status="FAILED", error=error, cause=cause, stopDate=now_iso())
        details = {"error": error, "cause": cause}
        add_event(
            execution, "ExecutionFailed", {"executionFailedEventDetails": details}
        )
        sfn._emit_execution_status_event(execution)

    sfn._fail_execution = fail_execution


def stop_is_final() -> None:
    """Stop all work of an execution when it ends, and let it end once only.

    AWS: an aborted execution starts no further task, and nothing is added to its
    history.
    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
    MiniStack: a Map continues, a Wait keeps sleeping, and a task that fails later
    changes ABORTED to FAILED.
    """
    run, add = sfn._run_execution, sfn._add_event
    fail = sfn._fail_execution

    def run_execution(arn: str) -> None:
        with run_in_thread(sfn._executions.get(arn)):
            run(arn)

    def add_while_running(
        execution: Execution, kind: str, details: Event | None = None
    ) -> Event:
        if kind not in _TERMINAL_EVENTS and execution["status"] != "RUNNING":
            raise ExecutionEnded
        event: Event = add(execution, kind, details)
        ended = _end_events.get(execution["executionArn"])
        if kind in _TERMINAL_EVENTS and ended is not None:
            ended.set()
        return event

    def fail_execution(execution: Execution, error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    def scaled_sleep(seconds: float) -> None:
        if seconds * sfn._SFN_WAIT_SCALE > 0:
            pause(seconds * sfn._SFN_WAIT_SCALE)

    sfn._run_execution, sfn._add_event = run_execution, add_while_running
    sfn._fail_execution, sfn._scaled_sleep = fail_execution, scaled_sleep


def machine_timeout() -> None:
    """End an execution as TIMED_OUT after the state machine's TimeoutSeconds.

    AWS: the time-out of the definition's top level fails the execution.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
    MiniStack: ignores the field.
    """
    run = sfn._run_execution

    def run_execution(arn: str) -> None:
        execution = sfn._executions.get(arn)
        machine = sfn._state_machines.get(execution["stateMachineArn"]) or {}
        seconds = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
        if seconds is None:
            run(arn)
            return

        # The context carries account and region.
        context = contextvars.copy_context()
        timer = threading.Timer(seconds, context.run, (_time_out, execution))
        timer.daemon = True
        timer.start()
        try:
            run(arn)
        finally:
            timer.cancel()

    sfn._run_execution = run_execution


def _time_out(execution: Execution) -> None:
    if execution["status"] != "RUNNING":
        return
    execution.update(status="TIMED_OUT", stopDate=now_iso(), error="States.Timeout")
    add_event(execution, "ExecutionTimedOut", {"error": "States.Timeout"})
    sfn._emit_execution_status_event(execution)


def event_limit() -> None:
    """Fail an execution whose history is full: its last event is the failure.

    AWS: event 25,000 is ExecutionFailed with States.Runtime.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html,
    seen on AWS in https://github.com/floci-io/floci/issues/2734
    MiniStack: has no limit.
    """
    add = sfn._add_event

    def add_within_limit(
        execution: Execution, kind: str, details: Event | None = None
    ) -> Event:
        full = len(execution["events"]) >= EVENT_LIMIT - 1
        if full and kind not in _TERMINAL_EVENTS:
            raise sfn._ExecutionError(
                "States.Runtime",
                "The execution reached the maximum number of history events "
                f"({EVENT_LIMIT}).",
            )
        event: Event = add(execution, kind, details)
        return event

    sfn._add_event = add_within_limit
