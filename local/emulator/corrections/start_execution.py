"""StartExecution, idempotent by name and with validated parameters."""

import json
import re
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions as sfn

from local.emulator.corrections.ministack_types import Execution, Response

_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_INPUT_LIMIT = 262_144


def start_is_idempotent() -> None:
    """Answer a repeated start of a running execution with that execution.

    AWS: the same name and input while it runs return 200 and the same ARN. Another
    input, or an execution that has ended, is ExecutionAlreadyExists.
    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    MiniStack: refuses every repeated name.
    """
    start = sfn._start_execution

    def start_execution(data: dict[str, Any]) -> Response:
        running = _find_running(data)
        if running is not None and running["input"] == data.get("input", "{}"):
            return sfn.json_response(
                {
                    "executionArn": running["executionArn"],
                    "startDate": running["startDate"],
                }
            )
        return start(data)

    sfn._start_execution = start_execution


def start_is_checked() -> None:
    """Refuse invalid names and inputs.

    AWS: a name has 1 to 80 characters without white space, wildcards or brackets;
    an input is JSON of at most 256 KiB.
    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    MiniStack: accepts anything, and replaces malformed JSON by an empty object.
    """
    start = sfn._start_execution

    def start_execution(data: dict[str, Any]) -> Response:
        name, text = data.get("name"), data.get("input", "{}")
        if name is not None and not _NAME.fullmatch(name):
            return error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)
        if len(text.encode()) > _INPUT_LIMIT:
            return error_response_json(
                "ValidationException",
                "Value at 'input' failed to satisfy constraint: Member must have "
                f"length less than or equal to {_INPUT_LIMIT}",
                400,
            )
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            return error_response_json(
                "InvalidExecutionInput",
                f"Invalid State Machine Execution Input: '{error}'",
                400,
            )
        return start(data)

    sfn._start_execution = start_execution


def _find_running(data: dict[str, Any]) -> Execution | None:
    arn = sfn._resolve_state_machine_arn(data.get("stateMachineArn", ""))
    if arn is None or not data.get("name"):
        return None
    prefix = arn.replace(":stateMachine:", ":execution:", 1)
    execution: Execution | None = sfn._executions.get(f"{prefix}:{data['name']}")
    return execution if execution and execution["status"] == "RUNNING" else None
