"""State machine definitions are checked before they are taken."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions as sfn
from ministack.services.cloudformation import provisioners

State = dict[str, Any]

_TYPES = {"Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait"}
_REQUIRED = {"Choice": "Choices", "Task": "Resource"}
_WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")


def checked_definitions() -> None:
    """Refuse a definition whose states do not fit together, as InvalidDefinition.

    From the API and from CloudFormation. MiniStack takes anything, and an
    execution finds out.
    """
    sfn._create_state_machine = _checked(sfn._create_state_machine)
    sfn._update_state_machine = _checked(sfn._update_state_machine)
    definition_of = provisioners._sfn_definition

    def definition(props: dict[str, Any]) -> str:
        text: str = definition_of(props)
        if found := problems(text):
            raise ValueError(_message(found))
        return text

    provisioners._sfn_definition = definition


def problems(definition: str) -> list[str]:
    """What AWS would refuse, each with the place where it is."""
    try:
        machine = json.loads(definition)
    except json.JSONDecodeError as error:
        return [f"INVALID_JSON_DESCRIPTION: {error}"]
    return list(_machine(machine, ""))


def _checked(handle: Callable[[State], Any]) -> Callable[[State], Any]:
    def checked(data: State) -> Any:  # noqa: ANN401 - MiniStack's response
        found = problems(data["definition"]) if "definition" in data else []
        if found:
            return error_response_json("InvalidDefinition", _message(found), 400)
        return handle(data)

    return checked


def _message(found: list[str]) -> str:
    return f"Invalid State Machine Definition: '{', '.join(found)}'"


def _machine(machine: State, place: str) -> Iterator[str]:
    states, start = machine.get("States"), machine.get("StartAt")
    if not isinstance(states, dict) or not isinstance(start, str):
        yield f"SCHEMA_VALIDATION_FAILED: StartAt and States are required at {place}/"
        return
    for name, state in states.items():
        yield from _state(state, f"{place}/States/{name}")
    for origin, target in _edges(start, states):
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: {target} at {place}{origin}"
    for name in sorted(states.keys() - _reachable(start, states)):
        yield f"MISSING_TRANSITION_TARGET: nothing leads to {place}/States/{name}"


def _state(state: State, place: str) -> Iterator[str]:
    if state.get("Type") not in _TYPES:
        yield f"SCHEMA_VALIDATION_FAILED: unknown Type {state.get('Type')} at {place}"
        return
    yield from _ending(state, place)
    yield from _fields(state, place)
    yield from _handlers(state, place)
    for branch in state.get("Branches", []):
        yield from _machine(branch, place)
    for field in ("Iterator", "ItemProcessor"):
        if field in state:
            yield from _machine(state[field], f"{place}/{field}")


def _ending(state: State, place: str) -> Iterator[str]:
    if state["Type"] in ("Choice", "Succeed", "Fail"):
        if "Next" in state or "End" in state:
            yield f"SCHEMA_VALIDATION_FAILED: neither Next nor End belongs at {place}"
    elif ("Next" in state) is (state.get("End") is True):
        yield f"SCHEMA_VALIDATION_FAILED: either Next or End is required at {place}"


def _fields(state: State, place: str) -> Iterator[str]:
    required = _REQUIRED.get(state["Type"])
    if required and not state.get(required):
        yield f"SCHEMA_VALIDATION_FAILED: {required} is required at {place}"
    if state["Type"] == "Wait" and sum(field in state for field in _WAITS) != 1:
        yield f"SCHEMA_VALIDATION_FAILED: exactly one of {_WAITS} at {place}"
    for field in ("TimeoutSeconds", "HeartbeatSeconds", "Error", "Cause"):
        if field in state and f"{field}Path" in state:
            yield f"SCHEMA_VALIDATION_FAILED: {field} and {field}Path at {place}"


def _handlers(state: State, place: str) -> Iterator[str]:
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


def _edges(start: str, states: State) -> Iterator[tuple[str, str]]:
    yield "/StartAt", start
    for name, state in states.items():
        for target in _targets(state):
            yield f"/States/{name}", target


def _targets(state: State) -> Iterator[str]:
    for holder in (state, *state.get("Choices", []), *state.get("Catch", [])):
        if "Next" in holder:
            yield holder["Next"]
    if "Default" in state:
        yield state["Default"]


def _reachable(start: str, states: State) -> set[str]:
    seen: set[str] = set()
    found = [start]
    while found:
        name = found.pop()
        if name in states and name not in seen:
            seen.add(name)
            found.extend(_targets(states[name]))
    return seen
