"""Strict JSON: an answer is read as one object, or not at all."""

import json
from math import isfinite
from typing import Any

from functions.core.errors import AnswerUnreadable


def parse_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; refuse what lenient parsers let through.

    Raises:
        AnswerUnreadable: Not UTF-8, not JSON, not an object, a key twice, NaN or
            Infinity, or nested too deeply. The text never holds the answer.
    """
    try:
        parsed = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_doubles,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError):
        # ValueError covers UnicodeDecodeError and JSONDecodeError, both of which
        # quote the answer.
        raise AnswerUnreadable("the answer is not strict JSON") from None
    if not isinstance(parsed, dict):
        raise AnswerUnreadable("the answer is not a JSON object")
    return parsed


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
