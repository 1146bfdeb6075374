"""Schemas: holds a value against the part of JSON Schema that the API uses.

The same schemas are the request models of API Gateway and the OpenAPI document,
so that the three cannot disagree. A library would cost a cold start more than the
rest of the handler.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
#: Where a value is wrong (a JSON pointer or a parameter's name), and what is.
ValidationError = Mapping[str, str]


def validation_errors(
    value: Any,  # noqa: ANN401 - any JSON
    schema: Schema,
    *,
    at: str = "",
) -> tuple[ValidationError, ...]:
    """Say all that is wrong with a value; the value itself is not repeated."""
    return tuple(_errors(value, schema, at))


def _errors(value: Any, schema: Schema, at: str) -> Iterator[ValidationError]:  # noqa: ANN401 - any JSON
    if "oneOf" in schema:
        yield from _errors(value, _meant(value, schema["oneOf"]), at)
        return
    match schema["type"], value:
        case "object", dict():
            yield from _members(value, schema, at)
        case "string", str():
            yield from _text(value, schema, at)
        case "integer", int() if not isinstance(value, bool):
            yield from _number(value, schema, at)
        case kind, _:
            yield _error(at, f"must be of type {kind}")


def _meant(value: Any, choices: list[Schema]) -> Schema:  # noqa: ANN401 - any JSON
    """Choose the form that shares the most members, to complain about that one."""
    if not isinstance(value, dict):
        return choices[0]
    return max(choices, key=lambda choice: _likeness(value, choice))


def _likeness(value: Mapping[str, Any], choice: Schema) -> int:
    properties = choice["properties"]
    shared = value.keys() & properties.keys()
    fitting = [n for n in shared if value[n] in properties[n].get("enum", ())]
    return len(shared) + len(fitting)


def _members(
    value: Mapping[str, Any], schema: Schema, at: str
) -> Iterator[ValidationError]:
    properties = schema["properties"]
    for name in schema.get("required", ()):
        if name not in value:
            yield _error(f"{at}/{name}", "is missing")
    for name, member in value.items():
        if name in properties:
            yield from _errors(member, properties[name], f"{at}/{name}")
    # Not by their names, which are the sender's words.
    if not value.keys() <= properties.keys():
        yield _error(at or "/", f"has members besides {', '.join(properties)}")


def _text(value: str, schema: Schema, at: str) -> Iterator[ValidationError]:
    if value not in schema.get("enum", (value,)):
        yield _error(at, f"must be one of {', '.join(schema['enum'])}")
    if len(value) > schema.get("maxLength", len(value)):
        yield _error(at, f"must have at most {schema['maxLength']} characters")
    elif "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        # All patterns of ours are anchored at both ends.
        yield _error(at, f"must match {schema['pattern']}")


def _number(value: int, schema: Schema, at: str) -> Iterator[ValidationError]:
    if not schema["minimum"] <= value <= schema["maximum"]:
        yield _error(at, f"must be from {schema['minimum']} to {schema['maximum']}")


def _error(at: str, detail: str) -> ValidationError:
    return {"pointer": at, "detail": detail}
