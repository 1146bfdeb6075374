"""Validation of state machine definitions."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions as sfn
from ministack.services.cloudformation import provisioners

from local.emulator.corrections.ministack_types import Props, Response, State

_TYPES = {"Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait"}
_REQUIRED = {"Choice": "Choices", "Task": "Resource"}
_WHOLE = 100  # percent
_WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")


def checked_definitions() -> None:
    """Refuse an inconsistent definition, through the API and in a template.

    AWS: CreateStateMachine and UpdateStateMachine answer InvalidDefinition.
    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
    MiniStack: accepts anything; the execution fails.
    """
    sfn._create_state_machine = _checked(sfn._create_state_machine)
    sfn._update_state_machine = _checked(sfn._update_state_machine)
    read_definition = provisioners._sfn_definition

    def definition(props: Props) -> str:
        text: str = read_definition(props)
        if errors := problems(text):
            raise ValueError(_message(errors))
        return text

    provisioners._sfn_definition = definition


def problems(definition: str) -> list[str]:
    """Return the problems for which AWS refuses a definition, with their places."""
    try:
        machine = json.loads(definition)
    except json.JSONDecodeError as error:
        return [f"INVALID_JSON_DESCRIPTION: {error}"]
    return list(_machine_problems(machine, ""))


def _checked(
    handle: Callable[[dict[str, Any]], Response],
) -> Callable[[dict[str, Any]], Response]:
    def checked(data: dict[str, Any]) -> Response:
        errors = problems(data["definition"]) if "definition" in data else []
        if errors:
            return error_response_json("InvalidDefinition", _message(errors), 400)
        return handle(data)

    return checked


def _message(problems: list[str]) -> str:
    return f"Invalid State Machine Definition: '{', '.join(problems)}'"


def _machine_problems(machine: State, place: str) -> Iterator[str]:
    states, start = machine.get("States"), machine.get("StartAt")
    if not isinstance(states, dict) or not isinstance(start, str):
        yield f"SCHEMA_VALIDATION_FAILED: StartAt and States are required at {place}/"
        return
    for name, state in states.items():
        yield from _state_problems(state, f"{place}/States/{name}")
    if start not in states:
        yield f"MISSING_TRANSITION_TARGET: {start} at {place}/StartAt"
    for name, state in states.items():
        for target in _targets(state):
            if target not in states:
                yield f"MISSING_TRANSITION_TARGET: {target} at {place}/States/{name}"
    for name in sorted(states.keys() - _reachable(start, states)):
        yield f"MISSING_TRANSITION_TARGET: nothing leads to {place}/States/{name}"


def _state_problems(state: State, place: str) -> Iterator[str]:
    if state.get("Type") not in _TYPES:
        yield f"SCHEMA_VALIDATION_FAILED: unknown Type {state.get('Type')} at {place}"
        return
    yield from _transition_problems(state, place)
    yield from _field_problems(state, place)
    yield from _handler_problems(state, place)
    for branch in state.get("Branches", []):
        yield from _machine_problems(branch, place)
    for field in ("Iterator", "ItemProcessor"):
        if field in state:
            yield from _machine_problems(state[field], f"{place}/{field}")


def _transition_problems(state: State, place: str) -> Iterator[str]:
    if state["Type"] in ("Choice", "Succeed", "Fail"):
        if "Next" in state or "End" in state:
            yield f"SCHEMA_VALIDATION_FAILED: neither Next nor End belongs at {place}"
    elif ("Next" in state) is (state.get("End") is True):
        yield f"SCHEMA_VALIDATION_FAILED: either Next or End is required at {place}"


def _field_problems(state: State, place: str) -> Iterator[str]:
    required = _REQUIRED.get(state["Type"])
    if required and not state.get(required):
        yield f"SCHEMA_VALIDATION_FAILED: {required} is required at {place}"
    if state["Type"] == "Wait" and sum(field in state for field in _WAITS) != 1:
        yield f"SCHEMA_VALIDATION_FAILED: exactly one of {_WAITS} at {place}"
    if not 0 <= state.get("ToleratedFailurePercentage", 0) <= _WHOLE:
        yield f"SCHEMA_VALIDATION_FAILED: ToleratedFailurePercentage at {place}"
    for field in ("TimeoutSeconds", "HeartbeatSeconds", "Error", "Cause"):
        if field in state and f"{field}Path" in state:
            yield f"SCHEMA_VALIDATION_FAILED: {field} and {field}Path at {place}"


def _handler_problems(state: State, place: str) -> Iterator[str]:
    for field in ("Retry", "Catch"):
        handlers = state.get(field, [])
        for number, handler in enumerate(handlers):
            errors = handler.get("ErrorEquals")
            where = f"{place}/{field}[{number}]"
            if not errors:
                yield f"SCHEMA_VALIDATION_FAILED: ErrorEquals is required at {where}"
            elif "States.ALL" in errors and (
                len(errors) > 1 or number < len(handlers) - 1
            ):
                yield f"SCHEMA_VALIDATION_FAILED: States.ALL is not last at {where}"


def _targets(state: State) -> Iterator[str]:
    for holder in (state, *state.get("Choices", []), *state.get("Catch", [])):
        if "Next" in holder:
            yield holder["Next"]
    if "Default" in state:
        yield state["Default"]


def _reachable(start: str, states: State) -> set[str]:
    reached: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name in states and name not in reached:
            reached.add(name)
            pending.extend(_targets(states[name]))
    return reached
