"""Strict JSON: a text is read as JSON in one way only, or not at all."""

import json
from math import isfinite
from typing import Any

#: Objects and lists within each other: as deep as the most careful parsers go.
_DEEPEST = 64


class NotStrictJson(ValueError):
    """Lenient parsers differ on this text; its own words are not in the error."""


def parse(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON, and refuse what lenient parsers let through.

    Raises:
        NotStrictJson: Not UTF-8, not JSON, a member twice, NaN or Infinity, half
            of a surrogate pair, or nested too deeply.
    """
    try:
        text = body.decode("utf-8")
        parsed = json.loads(
            text,
            object_pairs_hook=_without_doubles,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        _refuse_depth(parsed)
        # An escape can smuggle in a character that no UTF-8 text holds, and that
        # nothing behind us could write down.
        if "\\u" in text:
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        # ValueError covers the errors of json and of both codecs, whose texts
        # quote the body.
        raise NotStrictJson("the text is not strict JSON") from None
    return parsed


def _refuse_depth(parsed: object) -> None:
    """Refuse what another parser, or this one deeper in a call, would drown in."""
    level: list[dict[str, Any] | list[Any]] = [[parsed]]
    depth = 0
    while level := [
        inner
        for outer in level
        for inner in (outer.values() if isinstance(outer, dict) else outer)
        if isinstance(inner, dict | list)
    ]:
        depth += 1
        if depth > _DEEPEST:
            raise ValueError


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):  # 1e999 is Infinity by another name
        raise ValueError
    return number


def _no_constant(_name: str) -> float:
    raise ValueError
