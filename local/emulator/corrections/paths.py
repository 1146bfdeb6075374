"""JSON paths of states: what selects nothing is an error."""

import json
from typing import Any

from ministack.services import stepfunctions as sfn

_SHOWN = 300


def failure(cause: str) -> Exception:
    """The error that ends an execution whose definition and data do not fit."""
    error: Exception = sfn._ExecutionError("States.Runtime", cause)
    return error


def selects(path: str, data: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether a path leads to a value, be it null."""
    for kind, key in sfn._parse_jsonpath_tokens(path) or []:
        if kind == "wildcard":
            return True  # selects a list, which may be empty
        held = isinstance(data, dict) and key in data
        reached = isinstance(data, list) and key in range(len(data))
        if not (held if kind == "field" else reached):
            return False
        data = data[key]
    return True


def missing_path() -> None:
    """Fail with States.Runtime when a path selects nothing, as AWS does.

    MiniStack goes on with null, and so hides misspelt and forgotten fields.
    """
    resolve_leniently = sfn._resolve_path

    def resolve(path: str, data: object) -> object:
        if not path.startswith("$"):
            return resolve_leniently(path, data)
        if sfn._parse_jsonpath_tokens(path) is None:
            raise failure(f"The JSONPath '{path}' is not understood by the emulator")
        if not selects(path, data):
            raise failure(
                f"The JSONPath '{path}' could not be found in the input "
                f"'{json.dumps(data)[:_SHOWN]}'"
            )
        return resolve_leniently(path, data)

    sfn._resolve_path = resolve


def is_present() -> None:
    """Let IsPresent ask whether there is a field, not whether it is null.

    To MiniStack a null is absent.
    """
    evaluate = sfn._evaluate_rule

    def evaluate_rule(rule: dict[str, Any], data: object, ctx: Any = None) -> bool:  # noqa: ANN401 - passed on
        variable = rule.get("Variable")
        if variable is None or "IsPresent" not in rule:
            matched: bool = evaluate(rule, data, ctx)
            return matched
        if variable.startswith("$$."):
            return selects(variable[1:], ctx) is rule["IsPresent"]
        return selects(variable, data) is rule["IsPresent"]

    sfn._evaluate_rule = evaluate_rule


def whole_seconds() -> None:
    """Refuse a wait whose SecondsPath selects no whole number of seconds.

    MiniStack sleeps for a fraction, and not at all for anything else.
    """
    execute = sfn._execute_wait

    def execute_wait(state: dict[str, Any], data: object, ctx: Any = None) -> Any:  # noqa: ANN401 - passed on
        if "SecondsPath" in state:
            effective = sfn._apply_input_path(state, data, ctx)
            seconds = sfn._resolve_path_or_ctx(state["SecondsPath"], effective, ctx)
            if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 0:
                raise failure(
                    "The SecondsPath parameter does not reference a valid "
                    f"number of seconds: {json.dumps(seconds)[:_SHOWN]}"
                )
        return execute(state, data, ctx)

    sfn._execute_wait = execute_wait


def intrinsic_failure() -> None:
    """Report an intrinsic function that fails as States.IntrinsicFailure.

    MiniStack says States.Runtime with the text of a Python exception.
    """
    evaluate = sfn._evaluate_intrinsic

    def evaluate_intrinsic(expression: str, data: object, ctx: object) -> object:
        try:
            return evaluate(expression, data, ctx)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise sfn._ExecutionError(
                "States.IntrinsicFailure", f"{expression}: {error}"
            ) from error

    sfn._evaluate_intrinsic = evaluate_intrinsic
