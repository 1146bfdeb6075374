"""JSON paths of states, of which one that selects nothing is an error."""

import json
from typing import Any

from ministack.services import stepfunctions as sfn

from local.emulator.corrections.ministack_types import (
    Context,
    Execution,
    State,
    StateResult,
)

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


def intrinsic_errors() -> None:
    """Report a failing intrinsic function as States.Runtime, in a Map, too.

    AWS: reserves States.IntrinsicFailure, and reports States.Runtime.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    MiniStack: raises a Python exception, which a Map makes States.MapFailed.
    """
    evaluate = sfn._evaluate_intrinsic

    def evaluate_intrinsic(expression: str, data: object, ctx: Context) -> object:
        try:
            return evaluate(expression, data, ctx)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise runtime_error(f"{expression}: {error}") from error

    sfn._evaluate_intrinsic = evaluate_intrinsic


def format_literals() -> None:
    """Write null and booleans as JSON where States.Format inserts them.

    AWS: `States.Format('{}', $.n)` of null is `null`.
    Source: recorded on AWS; https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
    MiniStack: writes them as Python does: None, True, False.
    """
    execute = sfn._exec_intrinsic

    def exec_intrinsic(node: tuple[Any, ...], data: object, ctx: Context) -> object:
        kind, name, args = node
        if name == "States.Format":
            values = [sfn._eval_intrinsic_arg(arg, data, ctx) for arg in args]
            args = [
                ("str", json.dumps(v) if v is None or isinstance(v, bool) else v)
                for v in values
            ]
        return execute((kind, name, args), data, ctx)

    sfn._exec_intrinsic = exec_intrinsic


def unmatched_choice() -> None:
    """Fail with States.Runtime when no choice matches and there is no default.

    AWS: reports States.Runtime, which no catcher matches.
    Source: recorded on AWS; https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    MiniStack: reports States.NoChoiceMatched, which States.ALL of a Map catches.
    """
    execute = sfn._execute_choice

    def execute_choice(
        state: State, data: object, ctx: Context | None = None
    ) -> StateResult:
        try:
            return execute(state, data, ctx)
        except sfn._ExecutionError as error:
            if error.error != "States.NoChoiceMatched":
                raise
            raise runtime_error(error.cause) from error

    sfn._execute_choice = execute_choice


def array_of_items() -> None:
    """Fail with States.Runtime when ItemsPath selects no array.

    AWS: the path "must point to array".
    Source: recorded on AWS; https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html
    MiniStack: makes an array of what it selects.
    """
    run_items = sfn._run_map_items

    def run_map_items(
        state: State, data: object, execution: Execution, ctx: Context
    ) -> StateResult:
        path = state.get("ItemsPath", "$")
        if "ItemReader" not in state and not isinstance(
            select(state, path, data, ctx), list
        ):
            raise runtime_error(f"Reference path '{path}' must point to array.")
        return run_items(state, data, execution, ctx)

    sfn._run_map_items = run_map_items
