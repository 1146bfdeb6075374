"""Settings parser: read dataclasses from JSON, naming each setting that is wrong."""

from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class ConfigError(Exception):
    """A setting is missing, unknown or of the wrong type; the message names it."""


def parse(kind: type[T], raw: Any, *, where: str) -> T:  # noqa: ANN401 - any JSON
    """Return `raw`, a JSON object, as the dataclass `kind`.

    A field may be missing if it has a default, or if it may be null (the CDK drops
    members that are null). A field whose metadata has a `parse` function is read by
    that function. `where` is the place of `raw` in the settings, for error messages.

    Raises:
        ConfigError: A field is missing, unknown or of the wrong type, or the dataclass
            itself refuses the values by a ValueError.
    """
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: must be an object")

    hints = get_type_hints(kind)
    declared = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    optional = {
        name
        for name, field in declared.items()
        if get_origin(hints[name]) is UnionType
        or field.default is not MISSING
        or field.default_factory is not MISSING
    }
    if missing := sorted(declared.keys() - raw.keys() - optional):
        raise ConfigError(f"{where}: missing {', '.join(missing)}")
    if unknown := sorted(raw.keys() - declared.keys()):
        raise ConfigError(f"{where}: unknown {', '.join(unknown)}")

    values = {}
    for name, value in raw.items():
        place = f"{where}.{name}"
        own_parser = declared[name].metadata.get("parse")
        values[name] = (
            own_parser(value, where=place)
            if own_parser
            else _value(hints[name], value, place)
        )
    for name in optional - raw.keys():
        if get_origin(hints[name]) is UnionType:
            values[name] = None
    try:
        return kind(**values)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None


def _value(kind: Any, raw: Any, where: str) -> Any:  # noqa: ANN401 - any type, any JSON
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:  # with None, which JSON writes as null
        (other,) = (argument for argument in arguments if argument is not NoneType)
        return raw if raw is None else _value(other, raw, where)
    if is_dataclass(kind):
        assert isinstance(kind, type)  # noqa: S101 - for mypy: never an instance
        return parse(kind, raw, where=where)
    if origin is dict and isinstance(raw, dict):
        return {n: _value(arguments[1], v, f"{where}.{n}") for n, v in raw.items()}
    if origin is tuple and isinstance(raw, list):
        return tuple(
            _value(arguments[0], v, f"{where}[{i}]") for i, v in enumerate(raw)
        )
    is_choice = origin is Literal and raw in arguments
    is_number = kind is float and type(raw) in {int, float}
    if is_choice or is_number or type(raw) is kind:  # exactly: True is an int, too
        return raw
    raise ConfigError(f"{where}: must be {_description(kind)}, not {raw!r}")


def _description(kind: Any) -> str:  # noqa: ANN401 - any type
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(
        kind, {dict: "an object", tuple: "a list"}.get(get_origin(kind), "a text")
    )
