"""Tasks: their time-outs by path, the size of what they return."""

import json
from typing import Any

from ministack.services import stepfunctions as sfn

from local.emulator.corrections.paths import failure

State = dict[str, Any]

_LIMIT = 262_144


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
