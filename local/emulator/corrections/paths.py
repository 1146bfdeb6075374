"""JSON paths of states, of which one that selects nothing is an error."""

import json
from typing import Any

from ministack.services import stepfunctions as sfn

from local.emulator.corrections.ministack_types import Context, State, StateResult

_EXCERPT_LENGTH = 300


def runtime_error(cause: str) -> Exception:
    """Return the error of a definition that does not fit its data: States.Runtime."""
    error: Exception = sfn._ExecutionError("States.Runtime", cause)
    return error


def select(state: State, path: str, data: object, ctx: Context) -> object:
    """Return what a path of a state selects from its effective input or the context."""
    effective = sfn._apply_input_path(state, data, ctx)
    selected: object = sfn._resolve_path_or_ctx(path, effective, ctx)
    return selected


def selects(path: str, data: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether a path leads to a value, which may be null."""
    for kind, key in sfn._parse_jsonpath_tokens(path) or []:
        if kind == "wildcard":
            return True  # selects a list, which may be empty
        if kind == "field":
            exists = isinstance(data, dict) and key in data
        else:
            exists = isinstance(data, list) and key in range(len(data))
        if not exists:
            return False
        data = data[key]
    return True


def missing_path() -> None:
    """Fail with States.Runtime when a path selects nothing.

    AWS: a path that cannot be applied to the input ends the execution.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    MiniStack: continues with null, which hides misspelt and missing fields.
    """
    resolve_leniently = sfn._resolve_path

    def resolve(path: str, data: object) -> object:
        if not path.startswith("$"):
            return resolve_leniently(path, data)
        if sfn._parse_jsonpath_tokens(path) is None:
            raise runtime_error(f"The emulator does not support the JSONPath '{path}'")
        if not selects(path, data):
            raise runtime_error(
                f"The JSONPath '{path}' could not be found in the input "
                f"'{json.dumps(data)[:_EXCERPT_LENGTH]}'"
            )
        return resolve_leniently(path, data)

    sfn._resolve_path = resolve


def is_present() -> None:
    """Make IsPresent true for a field that is null.

    AWS: IsPresent tests whether the field exists.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
    MiniStack: takes a field that is null for a missing one.
    """
    evaluate = sfn._evaluate_rule

    def evaluate_rule(
        rule: dict[str, Any], data: object, ctx: Context | None = None
    ) -> bool:
        variable = rule.get("Variable")
        if variable is None or "IsPresent" not in rule:
            matched: bool = evaluate(rule, data, ctx)
            return matched
        if variable.startswith("$$."):
            return selects(variable[1:], ctx) is rule["IsPresent"]
        return selects(variable, data) is rule["IsPresent"]

    sfn._evaluate_rule = evaluate_rule


def whole_seconds() -> None:
    """Fail a Wait whose SecondsPath selects no whole number of seconds.

    AWS: requires an integer of 0 or more.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
    MiniStack: sleeps for a fraction, and does not sleep for any other value.
    """
    execute = sfn._execute_wait

    def execute_wait(
        state: State, data: object, ctx: Context | None = None
    ) -> StateResult:
        if "SecondsPath" in state:
            seconds = select(state, state["SecondsPath"], data, ctx or {})
            if type(seconds) is not int or seconds < 0:
                raise runtime_error(
                    "The SecondsPath parameter does not reference a valid "
                    f"number of seconds: {json.dumps(seconds)[:_EXCERPT_LENGTH]}"
                )
        return execute(state, data, ctx)

    sfn._execute_wait = execute_wait


def intrinsic_failure() -> None:
    """Report a failing intrinsic function as States.IntrinsicFailure.

    AWS: the Amazon States Language has this error name. The error-handling page of
    Step Functions contradicts: it reserves the name and reports States.Runtime.
    Source: https://states-language.net/spec.html#appendix-a
    and https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    MiniStack: reports States.Runtime with the text of a Python exception.
    """
    evaluate = sfn._evaluate_intrinsic

    def evaluate_intrinsic(expression: str, data: object, ctx: Context) -> object:
        try:
            return evaluate(expression, data, ctx)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise sfn._ExecutionError(
                "States.IntrinsicFailure", f"{expression}: {error}"
            ) from error

    sfn._evaluate_intrinsic = evaluate_intrinsic
