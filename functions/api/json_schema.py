"""JSON Schema: validate a value against the part of JSON Schema that the API uses.

API Gateway's request models and the OpenAPI document have the same schemas, so that the
three cannot disagree. A library would take longer to import than the whole handler.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
#: `pointer` is a JSON pointer or the name of a parameter, `detail` says what is wrong.
ValidationError = Mapping[str, str]


def validation_errors(
    value: Any,  # noqa: ANN401 - any JSON
    schema: Schema,
    *,
    at: str = "",
) -> tuple[ValidationError, ...]:
    """Return all errors of a value at the place `at`; none of them quotes the value."""
    return tuple(_errors(value, schema, at))


def object_schema(
    members: Mapping[str, Schema], *, optional: tuple[str, ...] = ()
) -> Schema:
    """Return the schema of an object; all members but the `optional` are required."""
    return {
        "type": "object",
        "properties": dict(members),
        "required": [name for name in members if name not in optional],
    }


def _errors(value: Any, schema: Schema, at: str) -> Iterator[ValidationError]:  # noqa: ANN401 - any JSON
    if "oneOf" in schema:
        yield from _errors(value, _closest(value, schema["oneOf"]), at)
        return
    match schema["type"], value:
        case "object", dict():
            yield from _object_errors(value, schema, at)
        case "array", list():
            yield from _array_errors(value, schema, at)
        case "boolean", bool():
            pass
        case "string", str():
            yield from _string_errors(value, schema, at)
        case "integer", int() if not isinstance(value, bool):
            if not schema["minimum"] <= value <= schema["maximum"]:
                limits = f"{schema['minimum']} to {schema['maximum']}"
                yield _error(at, f"must be from {limits}")
        case type_, _:
            yield _error(at, f"must be of type {type_}")


def _closest(value: Any, alternatives: list[Schema]) -> Schema:  # noqa: ANN401 - any JSON
    """Return the alternative that has the most members and enum values of a value.

    A member that no alternative allows is said to have the words of all of them.
    """
    if not isinstance(value, dict):
        return alternatives[0]

    def similarity(alternative: Schema) -> tuple[int, list[bool]]:
        properties = alternative["properties"]
        shared = value.keys() & properties.keys()
        matching = [n for n in shared if value[n] in properties[n].get("enum", ())]
        # Earlier members, such as the provider, say more than later ones.
        return len(shared) + len(matching), [name in matching for name in properties]

    closest = max(alternatives, key=similarity)
    properties = dict(closest["properties"])
    for name in value.keys() & properties.keys():
        words = [
            word
            for alternative in alternatives
            for word in alternative["properties"].get(name, {}).get("enum", ())
        ]
        if words and value[name] not in words:
            properties[name] = {**properties[name], "enum": list(dict.fromkeys(words))}
    return {**closest, "properties": properties}


def _object_errors(
    value: Mapping[str, Any], schema: Schema, at: str
) -> Iterator[ValidationError]:
    properties = schema["properties"]
    for name in schema.get("required", ()):
        if name not in value:
            yield _error(f"{at}/{name}", "is missing")
    for name, member in value.items():
        if name in properties:
            yield from _errors(member, properties[name], f"{at}/{name}")
    # The names of other members are the sender's data, so they are not quoted.
    if not value.keys() <= properties.keys():
        yield _error(at or "/", f"may only have the members {', '.join(properties)}")


def _array_errors(
    value: list[Any], schema: Schema, at: str
) -> Iterator[ValidationError]:
    if not schema["minItems"] <= len(value) <= schema["maxItems"]:
        limits = f"{schema['minItems']} to {schema['maxItems']}"
        yield _error(at, f"must have {limits} items")
    for number, item in enumerate(value):
        yield from _errors(item, schema["items"], f"{at}/{number}")


def _string_errors(value: str, schema: Schema, at: str) -> Iterator[ValidationError]:
    if value not in schema.get("enum", (value,)):
        yield _error(at, f"must be one of {', '.join(schema['enum'])}")
    if len(value) > schema.get("maxLength", len(value)):
        yield _error(at, f"must have at most {schema['maxLength']} characters")
    elif "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        # All patterns of the API are anchored at both ends.
        rule = f": {schema['description']}" if "description" in schema else ""
        yield _error(at, f"must match {schema['pattern']}{rule}")


def _error(at: str, detail: str) -> ValidationError:
    return {"pointer": at, "detail": detail}
