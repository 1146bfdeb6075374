"""Tasks, with time-outs that the input sets and with the limit of payloads."""

import json
from collections.abc import Callable

from ministack.services import stepfunctions as sfn

from local.emulator.corrections.ministack_types import (
    Context,
    Execution,
    State,
    StateResult,
)
from local.emulator.corrections.paths import runtime_error, select

_PAYLOAD_LIMIT = 262_144


def timeout_paths() -> None:
    """Take TimeoutSecondsPath and HeartbeatSecondsPath from the state's input.

    AWS: each path must select a positive integer.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    MiniStack: ignores both fields.
    """
    execute = sfn._execute_task

    def execute_task(
        state: State, data: object, execution: Execution, ctx: Context
    ) -> StateResult:
        resolved = dict(state)
        for field in ("TimeoutSeconds", "HeartbeatSeconds"):
            path = state.get(f"{field}Path")
            if path is not None:
                seconds = select(state, path, data, ctx)
                if type(seconds) is not int or seconds <= 0:
                    raise runtime_error(f"{field}Path must select a positive integer")
                resolved[field] = seconds
        return execute(resolved, data, execution, ctx)

    sfn._execute_task = execute_task


def payload_limit() -> None:
    """Fail with States.DataLimitExceeded beyond 256 KiB of input or output.

    AWS: limits the input and the output of a task, a state and an execution.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    MiniStack: has no limit.
    """
    invoke = sfn._invoke_resource

    def invoke_resource(resource: str, data: object) -> object:
        _check_size(data)
        result: object = invoke(resource, data)
        _check_size(result)
        return result

    def checked(execute: Callable[..., StateResult]) -> Callable[..., StateResult]:
        def run(*args: object) -> StateResult:
            output, next_state = execute(*args)
            _check_size(output)
            return output, next_state

        return run

    sfn._invoke_resource = invoke_resource
    sfn._execute_pass = checked(sfn._execute_pass)
    sfn._execute_task = checked(sfn._execute_task)
    sfn._execute_map = checked(sfn._execute_map)


def _check_size(data: object) -> None:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > _PAYLOAD_LIMIT:
        raise sfn._ExecutionError(
            "States.DataLimitExceeded",
            "The state/task returned a result with a size exceeding the maximum "
            "number of bytes service limit.",
        )
