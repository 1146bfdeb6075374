"""Strict JSON of providers: an answer is read as one object, or not at all."""

from typing import Any

from functions.core.errors import AnswerUnreadable
from functions.core.strict_json import NotStrictJson, parse


def parse_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; refuse what lenient parsers let through.

    Raises:
        AnswerUnreadable: It is not strict JSON, or not an object. The text never
            holds the answer.
    """
    try:
        parsed = parse(body)
    except NotStrictJson:
        raise AnswerUnreadable("the answer is not strict JSON") from None
    if not isinstance(parsed, dict):
        raise AnswerUnreadable("the answer is not a JSON object")
    return parsed
