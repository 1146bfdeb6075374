"""Parsing: turns JSON into a dataclass, or names the setting that is wrong."""

from dataclasses import is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class ConfigError(Exception):
    """A setting is missing, unknown or of the wrong type; the message names it."""


def parse(kind: type[T], raw: Any, *, where: str) -> T:  # noqa: ANN401 - any JSON
    """Return `raw` as the dataclass `kind`; every field has to be there."""
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: must be an object")

    hints = get_type_hints(kind)
    missing = sorted(hints.keys() - raw.keys())
    if missing:
        raise ConfigError(f"{where}: missing {', '.join(missing)}")
    unknown = sorted(raw.keys() - hints.keys())
    if unknown:
        raise ConfigError(f"{where}: unknown {', '.join(unknown)}")

    return kind(
        **{name: _value(hints[name], raw[name], f"{where}.{name}") for name in hints}
    )


def _value(kind: Any, raw: Any, where: str) -> Any:  # noqa: ANN401 - any type, any JSON
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        assert isinstance(kind, type)  # noqa: S101 - for mypy: never an instance
        return parse(kind, raw, where=where)
    if origin is dict and isinstance(raw, dict):
        return {n: _value(arguments[1], v, f"{where}.{n}") for n, v in raw.items()}
    if origin is tuple and isinstance(raw, list):
        return tuple(
            _value(arguments[0], v, f"{where}[{i}]") for i, v in enumerate(raw)
        )
    if origin is Literal and raw in arguments:
        return raw
    if kind is float and type(raw) in {int, float}:
        return raw
    if type(raw) is kind:  # exactly: to Python, true is a number too
        return raw
    raise ConfigError(f"{where}: must be {_name(kind)}, not {raw!r}")


def _name(kind: Any) -> str:  # noqa: ANN401 - any type
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(
        kind, {dict: "an object", tuple: "a list"}.get(get_origin(kind), "a text")
    )
