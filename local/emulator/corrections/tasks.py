"""Tasks: their time-outs by path, their callbacks, the size of what they return."""

import json
import threading
import time
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions as sfn

from local.emulator.corrections import lifecycle
from local.emulator.corrections.paths import failure

State = dict[str, Any]

_LIMIT = 262_144
_FOREVER = 99_999_999  # AWS' default for TimeoutSeconds
_LOOK_AGAIN = 0.2
_answered: set[str] = set()


def timeout_paths() -> None:
    """Take TimeoutSecondsPath and HeartbeatSecondsPath from the state's input.

    MiniStack ignores both.
    """
    execute = sfn._execute_task

    def execute_task(state: State, data: object, execution: Any, ctx: Any) -> Any:  # noqa: ANN401 - passed on
        resolved = dict(state)
        for field in ("TimeoutSeconds", "HeartbeatSeconds"):
            path = state.get(f"{field}Path")
            if path is not None:
                effective = sfn._apply_input_path(state, data, ctx)
                seconds = sfn._resolve_path_or_ctx(path, effective, ctx)
                if type(seconds) is not int or seconds <= 0:
                    raise failure(f"{field}Path must select a positive integer")
                resolved[field] = seconds
        return execute(resolved, data, execution, ctx)

    sfn._execute_task = execute_task


def callbacks() -> None:
    """Wait for a task token as AWS does: with heartbeats, and once.

    A missed heartbeat is States.HeartbeatTimeout, a failure to deliver the token
    fails the task, and a token that was used or timed out is answered with
    TaskTimedOut. MiniStack ignores HeartbeatSeconds, waits on when the function
    that was given the token failed, and lets a second answer replace the first.
    """
    sfn._invoke_with_callback = _wait_for_token
    for name in ("_send_task_success", "_send_task_failure", "_send_task_heartbeat"):
        setattr(sfn, name, _refusing_used_tokens(getattr(sfn, name)))


def payload_limit() -> None:
    """Fail with States.DataLimitExceeded beyond 256 KiB of input or output.

    MiniStack carries anything.
    """
    invoke, execute_pass = sfn._invoke_resource, sfn._execute_pass
    execute_task, execute_map = sfn._execute_task, sfn._execute_map

    def invoke_resource(resource: str, data: object) -> object:
        _check_size(data)
        result: object = invoke(resource, data)
        _check_size(result)
        return result

    def checked(execute: Any) -> Any:  # noqa: ANN401 - wraps any kind of state
        def run(*args: Any) -> Any:  # noqa: ANN401 - passed on
            output, following = execute(*args)
            _check_size(output)
            return output, following

        return run

    sfn._invoke_resource = invoke_resource
    sfn._execute_pass = checked(execute_pass)
    sfn._execute_task, sfn._execute_map = checked(execute_task), checked(execute_map)


def _check_size(data: object) -> None:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > _LIMIT:
        raise sfn._ExecutionError(
            "States.DataLimitExceeded",
            "The state/task returned a result with a size exceeding the maximum "
            "number of bytes service limit.",
        )


def _wait_for_token(resource: str, data: object, token: str, state: State) -> object:
    info: dict[str, Any] = {
        "event": threading.Event(),
        "result": None,
        "error": None,
        "heartbeat": None,
    }
    deadline = time.monotonic() + state.get("TimeoutSeconds", _FOREVER)
    sfn._task_tokens[token] = info
    try:
        sfn._invoke_resource(resource.removesuffix(".waitForTaskToken"), data)
        _wait(info, deadline, state.get("HeartbeatSeconds", _FOREVER))
    finally:
        _answered.add(token)
        sfn._task_tokens.pop(token, None)

    if info["error"]:
        raise sfn._ExecutionError(info["error"]["Error"], info["error"]["Cause"])
    result: object = json.loads(info["result"])
    return result


def _wait(info: dict[str, Any], deadline: float, heartbeat: float) -> None:
    """Return when the token is answered, raise when it is not in time."""
    last, missed = info["heartbeat"], time.monotonic() + heartbeat
    while not info["event"].wait(_LOOK_AGAIN):
        now = time.monotonic()
        if not lifecycle.running():
            raise lifecycle.ExecutionEnded
        if info["heartbeat"] != last:
            last, missed = info["heartbeat"], now + heartbeat
        if now >= deadline:
            raise sfn._ExecutionError("States.Timeout", "")
        if now >= missed:
            raise sfn._ExecutionError("States.HeartbeatTimeout", "")


def _refusing_used_tokens(answer: Any) -> Any:  # noqa: ANN401 - three handlers of MiniStack
    def checked(data: dict[str, Any]) -> Any:  # noqa: ANN401 - passed on
        token = data.get("taskToken", "")
        info = sfn._task_tokens.get(token)
        if token in _answered or (info and info["event"].is_set()):
            return error_response_json(
                "TaskTimedOut",
                "Task Timed Out: 'Provided task does not exist anymore'",
                400,
            )
        if info is None:
            return error_response_json(
                "InvalidToken", "Invalid Token: 'Invalid token'", 400
            )
        return answer(data)

    return checked
