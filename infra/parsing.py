"""Parsing: turns JSON into a dataclass, or names the setting that is wrong."""

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class ConfigError(Exception):
    """A setting is missing, unknown or of the wrong type; the message names it."""


def parse(kind: type[T], raw: Any, *, where: str) -> T:  # noqa: ANN401 - any JSON
    """Return `raw` as the dataclass `kind`; every field has to be there.

    But for those that may be null: the CDK drops members that are.
    """
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: must be an object")

    hints = get_type_hints(kind)
    hints = {field.name: hints[field.name] for field in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    optional = {name for name in hints if get_origin(hints[name]) is UnionType}
    missing = sorted(hints.keys() - raw.keys() - optional)
    if missing:
        raise ConfigError(f"{where}: missing {', '.join(missing)}")
    unknown = sorted(raw.keys() - hints.keys())
    if unknown:
        raise ConfigError(f"{where}: unknown {', '.join(unknown)}")

    return kind(
        **{
            name: _value(hints[name], raw.get(name), f"{where}.{name}")
            for name in hints
        }
    )


def _value(kind: Any, raw: Any, where: str) -> Any:  # noqa: ANN401 - any type, any JSON
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:  # with None, which is said by null
        (known,) = (one for one in arguments if one is not NoneType)
        return raw if raw is None else _value(known, raw, where)
    if is_dataclass(kind):
        assert isinstance(kind, type)  # noqa: S101 - for mypy: never an instance
        return parse(kind, raw, where=where)
    if origin is dict and isinstance(raw, dict):
        return {n: _value(arguments[1], v, f"{where}.{n}") for n, v in raw.items()}
    if origin is tuple and isinstance(raw, list):
        return tuple(
            _value(arguments[0], v, f"{where}[{i}]") for i, v in enumerate(raw)
        )
    one_of = origin is Literal and raw in arguments
    number = kind is float and type(raw) in {int, float}
    if one_of or number or type(raw) is kind:  # exactly: to Python, true is a number
        return raw
    raise ConfigError(f"{where}: must be {_name(kind)}, not {raw!r}")


def _name(kind: Any) -> str:  # noqa: ANN401 - any type
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(
        kind, {dict: "an object", tuple: "a list"}.get(get_origin(kind), "a text")
    )
