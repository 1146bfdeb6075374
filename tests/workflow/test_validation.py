"""Validation: asl-validator accepts the definition, and refuses malformed ones.

The emulator accepts most of these, and cfn-lint does not look into a definition that
refers to other resources.
"""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.assembly import read_definition
from tests.workflow.engines import node
from tests.workflow.runs import TASKS, bound

_STAGES = ("local", "dev", "prod")
_FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
_TOPIC = "arn:aws:sns:us-east-1:000000000000:notices"
_NOWHERE = "Missing 'StartAt'|'Next'|'Default' target: Nowhere"
#: Where a definition is changed, to what, and a part of the validator's answer.
_MALFORMED: dict[str, tuple[str, Any, str]] = {
    "a start that does not exist": ("StartAt", "Nowhere", _NOWHERE),
    "a Next that does not exist": ("States/Submit/Next", "Nowhere", _NOWHERE),
    "a Catch to nowhere": ("States/Submit/Catch/0/Next", "Nowhere", _NOWHERE),
    "a choice of nowhere": ("States/Route/Choices/0/Next", "Nowhere", _NOWHERE),
    "a Next of a Map that does not exist": (
        "States/Requests/ItemProcessor/States/Submit request/Next",
        "Nowhere",
        _NOWHERE,
    ),
    "a state that nothing leads to": (
        "States/Lost",
        {"Type": "Succeed"},
        "Lost is not reachable",
    ),
    "an unknown field": ("States/Submit/Nxt", "Route", "/States/Submit"),
    "an unknown type": ("States/Submit/Type", "Tsk", "/States/Submit/Type"),
    "two ways on": ("States/Submit/End", True, "Submit"),
    "two lengths of a wait": ("States/Hold/Seconds", 1, "Hold"),
    "a path that is none": ("States/Submit/OutputPath", "Payload", "/OutputPath"),
    "an unknown intrinsic function": (
        "States/Notify/Parameters/Message/late.$",
        "States.JsonToText($.late)",
        "/States/Notify/Parameters/Message/late.$",
    ),
    "an unknown operator": (
        "States/Route/Choices/0",
        {"Variable": "$.next", "StringIs": "hold", "Next": "Hold"},
        "/States/Route/Choices/0",
    ),
    "a negative number of retries": (
        "States/Submit/Retry/0/MaxAttempts",
        -1,
        "/MaxAttempts",
    ),
    "a resource that is no ARN": ("States/Submit/Resource", "lambda", "/Resource"),
    "more than all failures tolerated": (
        "States/Requests/ToleratedFailurePercentage",
        101,
        "/ToleratedFailurePercentage",
    ),
}


def resolved(assembly: Path, stage: str) -> dict[str, Any]:
    """Return a stage's definition with ARNs in place of its references."""
    functions = {task: f"{_FUNCTION}{task}" for task in TASKS}
    return bound(read_definition(assembly, stage), functions, _TOPIC)


def test_the_definition_of_each_stage_is_valid(
    packages: None,  # noqa: ARG001 - the validator is one of them
    assembly: Callable[[str], Path],
) -> None:
    """Step Functions refuses an invalid one only while it is deployed."""
    definitions = [resolved(assembly(stage), stage) for stage in _STAGES]

    errors = node.run("validate.mjs", definitions)

    assert dict(zip(_STAGES, errors, strict=True)) == dict.fromkeys(_STAGES, "")


def test_malformed_definitions_are_found(
    packages: None,  # noqa: ARG001 - the validator is one of them
    assembly: Callable[[str], Path],
) -> None:
    """A validator that accepts everything would be no check."""
    valid = resolved(assembly("local"), "local")
    malformed = [changed(valid, path, to) for path, to, _ in _MALFORMED.values()]

    errors = node.run("validate.mjs", malformed)

    missed = [
        mistake
        for (mistake, (_, _, expected)), error in zip(
            _MALFORMED.items(), errors, strict=True
        )
        if expected not in error
    ]
    assert missed == []


def changed(definition: dict[str, Any], path: str, to: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a copy of a definition with another value at a path."""
    copied = copy.deepcopy(definition)
    place: Any = copied
    *names, last = path.split("/")
    for name in names:
        place = place[int(name) if isinstance(place, list) else name]
    place[int(last) if isinstance(place, list) else last] = to
    return copied
