"""Lambda's metrics of each call of a function."""

import time
from typing import Any

from ministack.services import lambda_svc


def function_metrics() -> None:
    """Count calls, errors, throttles and durations of every call of a function.

    AWS: counts each invocation, whichever service makes it.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    MiniStack: counts calls of the Invoke API only, not those of a state machine, a
    queue or an API, and not how an asynchronous call ended.
    """
    execute, emit = lambda_svc._execute_function, lambda_svc._emit_lambda_metrics

    def execute_function(func: dict[str, Any], event: object) -> dict[str, Any]:
        config = func.get("config") or func
        began = time.monotonic()
        result: dict[str, Any] = execute(func, event)
        # For a function of another account, MiniStack calls this function again.
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
    # The Invoke API calls this for an invocation that is already counted above.
    lambda_svc._emit_lambda_metrics = lambda *_args, **_fields: None
