"""Executions end once, in time and for good."""

import contextlib
import contextvars
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions as sfn

Execution = dict[str, Any]
Event = dict[str, Any]

_TERMINAL_EVENTS = frozenset(
    {"ExecutionAborted", "ExecutionFailed", "ExecutionSucceeded", "ExecutionTimedOut"}
)
_current: contextvars.ContextVar[Execution | None] = contextvars.ContextVar(
    "execution", default=None
)
_over: dict[str, threading.Event] = {}


class ExecutionEnded(BaseException):
    """Unwinds the thread of an execution that was stopped or ran out of time."""


def pause(seconds: float) -> None:
    """Sleep, unless the thread's execution ends; then end the thread too."""
    execution = _current.get()
    over = _over.get(execution["executionArn"]) if execution else None
    if over is None:
        time.sleep(seconds)
    elif over.wait(seconds):
        raise ExecutionEnded


def running() -> bool:
    """Whether the thread's execution, if it has one, has not ended."""
    execution = _current.get()
    return execution is None or execution["status"] == "RUNNING"


@contextlib.contextmanager
def under_way(execution: Execution) -> Iterator[None]:
    """Run an execution in this thread, until it ends or is ended."""
    arn = execution["executionArn"]
    over = _over[arn] = threading.Event()
    token = _current.set(execution)
    try:
        with contextlib.suppress(ExecutionEnded):
            yield
    finally:
        over.set()
        _over.pop(arn, None)
        _current.reset(token)


def stop_is_final() -> None:
    """Stop what an execution does when it ends, and never let it end twice.

    AWS adds nothing to the history of an aborted execution and starts no further
    task of it. In MiniStack a Map goes on, a Wait sleeps on, and a task that
    fails late turns ABORTED into FAILED.
    """
    run, add_event = sfn._run_execution, sfn._add_event
    fail = sfn._fail_execution

    def run_execution(arn: str) -> None:
        with under_way(sfn._executions.get(arn)):
            run(arn)

    def add(execution: Execution, kind: str, details: Event | None = None) -> Event:
        if kind not in _TERMINAL_EVENTS and execution["status"] != "RUNNING":
            raise ExecutionEnded
        event: Event = add_event(execution, kind, details)
        over = _over.get(execution["executionArn"])
        if kind in _TERMINAL_EVENTS and over is not None:
            over.set()
        return event

    def fail_execution(execution: Execution, error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    def scaled_sleep(seconds: float) -> None:
        if seconds * sfn._SFN_WAIT_SCALE > 0:
            pause(seconds * sfn._SFN_WAIT_SCALE)

    sfn._run_execution, sfn._add_event = run_execution, add
    sfn._fail_execution, sfn._scaled_sleep = fail_execution, scaled_sleep


def machine_timeout() -> None:
    """End an execution as TIMED_OUT after the machine's TimeoutSeconds.

    MiniStack ignores the field.
    """
    run = sfn._run_execution

    def run_execution(arn: str) -> None:
        execution = sfn._executions.get(arn)
        machine = sfn._state_machines.get(execution["stateMachineArn"]) or {}
        seconds = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
        if seconds is None:
            run(arn)
            return

        scope = contextvars.copy_context()  # account and region
        timer = threading.Timer(seconds, scope.run, (_time_out, execution))
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
    sfn._add_event(
        execution,
        "ExecutionTimedOut",
        {"executionTimedOutEventDetails": {"error": "States.Timeout"}},
    )
    sfn._emit_execution_status_event(execution)


def failed_without_output() -> None:
    """Leave the output of a failed execution empty; error and cause say it all.

    MiniStack puts error and cause into the output as well.
    """
    fail = sfn._fail_execution

    def fail_execution(execution: Execution, error: str, cause: str) -> None:
        fail(execution, error, cause)
        if execution["status"] == "FAILED":
            execution["output"] = None

    sfn._fail_execution = fail_execution
