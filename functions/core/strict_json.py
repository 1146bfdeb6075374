"""Strict JSON: read only text that every JSON parser reads in the same way."""

import json
from math import isfinite
from typing import Any

from functions.core.errors import AnswerUnreadable

#: How deeply objects and lists may be nested: careful parsers have such a limit.
_MAX_DEPTH = 64


class NotStrictJson(ValueError):
    """Raised for text that parsers may read differently; never quotes the text."""


def parse_answer(body: bytes) -> dict[str, Any]:
    """Read a provider's answer as one JSON object.

    Raises:
        AnswerUnreadable: It is not strict JSON or not an object. The message never
            quotes the answer.
    """
    try:
        parsed = parse(body)
    except NotStrictJson:
        raise AnswerUnreadable("the answer is not strict JSON") from None
    if not isinstance(parsed, dict):
        raise AnswerUnreadable("the answer is not a JSON object")
    return parsed


def parse(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON.

    Raises:
        NotStrictJson: The body is not UTF-8, not JSON, has a member twice, holds NaN,
            Infinity or half of a surrogate pair, or is nested too deeply.
    """
    try:
        text = body.decode("utf-8")
        parsed = json.loads(
            text,
            object_pairs_hook=_unique_members,
            parse_constant=_reject_constant,
            parse_float=_finite_float,
        )
        _check_depth(parsed)
        # An escape such as \ud800 yields a character that UTF-8 cannot encode, which
        # would fail later, when the value is written.
        if "\\u" in text:
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        # ValueError includes the errors of json and of both codecs, whose messages
        # quote the body.
        raise NotStrictJson("the text is not strict JSON") from None
    return parsed


def _check_depth(parsed: object) -> None:
    level: list[dict[str, Any] | list[Any]] = [[parsed]]
    depth = 0
    while level := [
        inner
        for outer in level
        for inner in (outer.values() if isinstance(outer, dict) else outer)
        if isinstance(inner, dict | list)
    ]:
        depth += 1
        if depth > _MAX_DEPTH:
            raise ValueError


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _finite_float(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):  # "1e999" reads as Infinity
        raise ValueError
    return number


def _reject_constant(_name: str) -> float:
    raise ValueError
