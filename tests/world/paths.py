"""Paths: the JSONPath and the intrinsic functions that the definition uses."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.world.memory_aws.errors import NotModelled

Json = Any
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]|\['([^']+)'\]")
MISSING = object()


class PathFailed(Exception):
    """A path leads to nothing, which fails the execution (States.Runtime)."""


def find(path: str, data: Json, context: Mapping[str, Json]) -> Json:
    """Return what a path leads to in the state or the context, else MISSING."""
    root, rest = (context, path[2:]) if path.startswith("$$") else (data, path[1:])
    at = 0
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None:
            raise NotModelled(f"the path {path}")
        name, index, quoted = match.groups()
        key = int(index) if index is not None else name or quoted
        try:
            root = root[key]  # type: ignore[index]  # checked by the except
        except (KeyError, IndexError, TypeError):
            return MISSING
        at = match.end()
    return root


def read(path: str, data: Json, context: Mapping[str, Json]) -> Json:
    """Return what a path leads to.

    Raises:
        PathFailed: Nothing is there.
    """
    if (found := find(path, data, context)) is MISSING:
        raise PathFailed(path)
    return found


def write(path: str, data: Json, value: Json) -> Json:
    """Return the state with a value at a path, as ResultPath does."""
    if path == "$":
        return value
    names = path[2:].split(".")
    if not re.fullmatch(r"\$(\.\w+)+", path):
        raise NotModelled(f"the ResultPath {path}")
    copy = dict(data)
    level = copy
    for name in names[:-1]:
        level[name] = dict(level.get(name, {}))
        level = level[name]
    level[names[-1]] = value
    return copy


def template(payload: Json, data: Json, context: Mapping[str, Json]) -> Json:
    """Return a payload template with its paths and intrinsic functions replaced."""
    if isinstance(payload, dict):
        return {
            key.removesuffix(".$"): _value(value, data, context)
            if key.endswith(".$")
            else template(value, data, context)
            for key, value in payload.items()
        }
    if isinstance(payload, list):
        return [template(each, data, context) for each in payload]
    return payload


def _value(text: str, data: Json, context: Mapping[str, Json]) -> Json:
    if text.startswith("$"):
        return read(text, data, context)
    call = re.fullmatch(r"States\.(\w+)\((.*)\)", text)
    if call is None or "(" in call[2]:
        raise NotModelled(f"the intrinsic function {text}")
    arguments = [
        each.strip() if each.strip().startswith("$") else each.strip().strip("'")
        for each in re.findall(r"'[^']*'|[^,]+", call[2])
        if each.strip()
    ]
    values = [
        read(each, data, context) if each.startswith("$") else each
        for each in arguments
    ]
    if call[1] == "Format":
        text, *filled = values
        for value in filled:
            text = text.replace("{}", str(value), 1)
        return text
    if call[1] == "JsonToString":
        return json.dumps(values[0])
    raise NotModelled(f"the intrinsic function {call[1]}")
