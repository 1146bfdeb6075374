"""Tasks that wait for their token to be answered."""

import contextvars
import json
import threading
import time
from typing import Any

from ministack.core.responses import error_response_json, new_uuid
from ministack.services import stepfunctions as sfn

from local.emulator.corrections import lifecycle

State = dict[str, Any]

_FOREVER = 99_999_999  # AWS' default for TimeoutSeconds
_LOOK_AGAIN = 0.2
_TIMED_OUT = "Task Timed Out: 'Provided task does not exist anymore'"
# An answer and a time-out: only one of them comes first.
_lock = threading.Lock()
_over: set[str] = set()
_task: contextvars.ContextVar[Any] = contextvars.ContextVar("task", default=None)


def callbacks() -> None:
    """Wait for a task token as AWS does: with heartbeats, and once.

    A missed heartbeat is States.HeartbeatTimeout, a failure to deliver the token
    fails the task, a retry has a token of its own, and a token that was used or
    timed out is answered with TaskTimedOut. MiniStack ignores HeartbeatSeconds,
    waits on when the function that was given the token failed, gives all tries
    one token, and lets a second answer replace the first.
    """
    execute = sfn._execute_task

    def execute_task(state: State, data: object, execution: Any, ctx: Any) -> Any:  # noqa: ANN401 - passed on
        mark = _task.set(ctx)
        try:
            return execute(state, data, execution, ctx)
        finally:
            _task.reset(mark)

    sfn._execute_task = execute_task
    sfn._invoke_with_callback = _wait_for_token
    for name in ("_send_task_success", "_send_task_failure", "_send_task_heartbeat"):
        setattr(sfn, name, _once(getattr(sfn, name)))


def _wait_for_token(resource: str, data: object, token: str, state: State) -> object:
    info: dict[str, Any] = {
        "event": threading.Event(),
        "result": None,
        "error": None,
        "heartbeat": None,
    }
    began = time.monotonic()
    sfn._task_tokens[token] = info
    try:
        sfn._invoke_resource(resource.removesuffix(".waitForTaskToken"), data)
        _wait(info, token, began, state)
    finally:
        with _lock:
            _over.add(token)
        sfn._task_tokens.pop(token, None)
        # MiniStack makes a token before the first try; this is for the next one.
        _task.get()["Task"]["Token"] = new_uuid()

    if info["error"]:
        raise sfn._ExecutionError(info["error"]["Error"], info["error"]["Cause"])
    result: object = json.loads(info["result"])
    return result


def _wait(info: dict[str, Any], token: str, began: float, state: State) -> None:
    """Return when the token is answered, raise when it is not in time.

    The wait scale holds for it too, other than in AWS: where an hour of polling
    passes in seconds, a wait that a webhook may end has to pass as quickly.
    """
    heartbeat = info["heartbeat"]
    last = time.monotonic()
    while True:
        now = time.monotonic()
        if info["heartbeat"] != heartbeat:
            heartbeat, last = info["heartbeat"], now
        left = _left(state, "TimeoutSeconds", now - began)
        beat = _left(state, "HeartbeatSeconds", now - last)
        if info["event"].wait(max(0, min(left, beat, _LOOK_AGAIN))):
            return
        if not lifecycle.running():
            raise lifecycle.ExecutionEnded
        if min(left, beat) <= 0 and _unanswered(info, token):
            error = "States.HeartbeatTimeout" if beat < left else "States.Timeout"
            raise sfn._ExecutionError(error, "")


def _left(state: State, name: str, passed: float) -> float:
    """Seconds until a time-out of the state, as the wait scale has it now."""
    if name not in state:
        return _FOREVER
    allowed: float = state[name] * sfn._SFN_WAIT_SCALE
    return allowed - passed


def _unanswered(info: dict[str, Any], token: str) -> bool:
    """Whether the time-out came first; then no answer is taken any more."""
    with _lock:
        if info["event"].is_set():
            return False
        _over.add(token)
        return True


def _once(answer: Any) -> Any:  # noqa: ANN401 - three handlers of MiniStack
    def checked(data: dict[str, Any]) -> Any:  # noqa: ANN401 - passed on
        token = data.get("taskToken", "")
        if not _is_json(data.get("output", "{}")):
            return error_response_json(
                "InvalidOutput", "Invalid Output: 'Output is not valid JSON'", 400
            )
        with _lock:
            info = sfn._task_tokens.get(token)
            if token in _over or (info and info["event"].is_set()):
                return error_response_json("TaskTimedOut", _TIMED_OUT, 400)
            if info is None:
                return error_response_json(
                    "InvalidToken", "Invalid Token: 'Invalid token'", 400
                )
            return answer(data)

    return checked


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
