"""What Lambda counts of each call, whoever makes it."""

import time
from typing import Any

from ministack.services import lambda_svc


def function_metrics() -> None:
    """Count calls, errors, throttles and durations of every call of a function.

    MiniStack counts those of the Invoke API only: no call of a state machine, a
    queue or an API, and of an asynchronous one not how it ended.
    """
    execute, emit = lambda_svc._execute_function, lambda_svc._emit_lambda_metrics

    def execute_function(func: dict[str, Any], event: object) -> dict[str, Any]:
        config = func.get("config") or func
        began = time.monotonic()
        result: dict[str, Any] = execute(func, event)
        # MiniStack comes here again when the function is of another account.
        if not lambda_svc._function_config_scope_mismatch(config):
            throttled = bool(result.get("throttle"))
            emit(
                config["FunctionName"],
                0.0 if throttled else (time.monotonic() - began) * 1000,
                bool(result.get("error")) and not throttled,
                throttled,
            )
        return result

    lambda_svc._execute_function = execute_function
    lambda_svc._emit_lambda_metrics = _counted_already


def _counted_already(*_args: object, **_fields: object) -> None:
    """The Invoke API counts what has been counted above."""
