"""Tasks that wait until their token is returned (`.waitForTaskToken`)."""

import contextvars
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, new_uuid
from ministack.services import stepfunctions as sfn

from local.emulator.corrections import lifecycle
from local.emulator.corrections.ministack_types import (
    Context,
    Execution,
    Response,
    State,
    StateResult,
)

_DEFAULT_TIMEOUT = 99_999_999  # AWS' default for TimeoutSeconds
_CHECK_SECONDS = 0.2
# Decides between an answer and a time-out that happen at the same time.
_lock = threading.Lock()
_closed_tokens: set[str] = set()
#: Who waits, or has waited, for a token: the ARN of a state machine.
_machines: dict[str, str] = {}
_task_context: contextvars.ContextVar[Context] = contextvars.ContextVar("task_context")


def callbacks() -> None:
    """Wait for a task token with heartbeats, and accept one answer per attempt.

    AWS: TaskSubmitted says that the token was delivered, a missed heartbeat is
    States.HeartbeatTimeout, a failure to deliver the token fails the task, each
    retry has a token of its own, and an answer to a token that was used or timed
    out is refused with TaskTimedOut.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
    and https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
    MiniStack: has no TaskSubmitted, ignores HeartbeatSeconds, keeps waiting when
    the function that gets the token fails, uses one token for all attempts, and
    lets a second answer replace the first.
    """
    execute = sfn._execute_task

    def execute_task(
        state: State, data: object, execution: Execution, ctx: Context
    ) -> StateResult:
        reset_token = _task_context.set(ctx)
        try:
            return execute(state, data, execution, ctx)
        finally:
            _task_context.reset(reset_token)

    sfn._execute_task = execute_task
    sfn._invoke_with_callback = _wait_for_token
    for name in ("_send_task_success", "_send_task_failure", "_send_task_heartbeat"):
        setattr(sfn, name, _accept_once(getattr(sfn, name)))


def machine_of(token: str) -> str:
    """Return the ARN of the state machine that made a token; empty if none did."""
    return _machines.get(token, "")


def _wait_for_token(resource: str, data: object, token: str, state: State) -> object:
    task: dict[str, Any] = {
        "event": threading.Event(),
        "result": None,
        "error": None,
        "heartbeat": None,
    }
    began = time.monotonic()
    _machines[token] = _task_context.get()["StateMachine"]["Id"]
    sfn._task_tokens[token] = task
    try:
        name = resource.removesuffix(".waitForTaskToken")
        answer = sfn._invoke_resource(name, data)
        lifecycle.add_to_current(
            "TaskSubmitted", {"resource": resource, "output": json.dumps(answer)}
        )
        _wait_for_answer(task, token, began, state)
    finally:
        with _lock:
            _closed_tokens.add(token)
        sfn._task_tokens.pop(token, None)
        # MiniStack creates a token before the first attempt only.
        _task_context.get()["Task"]["Token"] = new_uuid()

    if task["error"]:
        raise sfn._ExecutionError(task["error"]["Error"], task["error"]["Cause"])
    result: object = json.loads(task["result"])
    return result


def _wait_for_answer(
    task: dict[str, Any], token: str, began: float, state: State
) -> None:
    """Return when the token is answered; raise when a time-out comes first.

    Unlike in AWS, the wait scale applies: where an hour of polling passes in
    seconds, a wait that a webhook may end has to pass as quickly.
    """
    heartbeat = task["heartbeat"]
    last_heartbeat = time.monotonic()
    while True:
        now = time.monotonic()
        if task["heartbeat"] != heartbeat:
            heartbeat, last_heartbeat = task["heartbeat"], now
        until_timeout = _seconds_left(state, "TimeoutSeconds", now - began)
        until_heartbeat = _seconds_left(state, "HeartbeatSeconds", now - last_heartbeat)
        remaining = min(until_timeout, until_heartbeat)
        if task["event"].wait(max(0, min(remaining, _CHECK_SECONDS))):
            return
        if not lifecycle.running():
            raise lifecycle.ExecutionEnded
        if remaining > 0:
            continue
        with _lock:
            if task["event"].is_set():
                return
            _closed_tokens.add(token)
        missed = until_heartbeat < until_timeout
        error = "States.HeartbeatTimeout" if missed else "States.Timeout"
        raise sfn._ExecutionError(error, "")


def _seconds_left(state: State, name: str, passed: float) -> float:
    """Return the time until a time-out of the state, at the current wait scale."""
    if name not in state:
        return _DEFAULT_TIMEOUT
    allowed: float = state[name] * sfn._SFN_WAIT_SCALE
    return allowed - passed


def _accept_once(
    handle: Callable[[dict[str, Any]], Response],
) -> Callable[[dict[str, Any]], Response]:
    """Wrap a handler so that it refuses invalid JSON and tokens that are closed."""

    def checked(data: dict[str, Any]) -> Response:
        try:
            json.loads(data.get("output", "{}"))
        except ValueError:
            return error_response_json(
                "InvalidOutput", "Invalid Output: 'Output is not valid JSON'", 400
            )
        token = data.get("taskToken", "")
        with _lock:
            task = sfn._task_tokens.get(token)
            if token in _closed_tokens or (task and task["event"].is_set()):
                return error_response_json(
                    "TaskTimedOut",
                    "Task Timed Out: 'Provided task does not exist anymore'",
                    400,
                )
            if task is None:
                return error_response_json(
                    "InvalidToken", "Invalid Token: 'Invalid token'", 400
                )
            return handle(data)

    return checked
