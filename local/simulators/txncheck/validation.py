"""What the bodies of the calls must look like; everything else is refused."""

import json
import re
from collections.abc import Callable, Mapping
from email.message import Message
from http import HTTPStatus
from typing import Any

from local.simulators.txncheck.behaviour import Behaviour
from local.simulators.txncheck.replies import Refused
from local.simulators.txncheck.routes import Method

MOST_VPAS = 100

_MOBILE = re.compile(r"\+91[0-9]{10}")
_ACCOUNT = re.compile(r"[0-9]{9,18}")
_IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
_VPA = re.compile(r"[A-Za-z0-9._-]{1,256}@[A-Za-z0-9.-]{1,64}")


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


def _are_vpas(value: object) -> bool:
    return (
        isinstance(value, list)
        and 1 <= len(value) <= MOST_VPAS
        and all(map(_matches(_VPA), value))
    )


_RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    "mobile": (_matches(_MOBILE), "mobile must be +91 and 10 digits"),
    "name": (
        lambda value: isinstance(value, str) and bool(value.strip()),
        "name should not be empty",
    ),
    "vpas": (_are_vpas, "vpas must be a list of 1 to 100 valid VPAs"),
    "accountNumber": (_matches(_ACCOUNT), "accountNumber must be 9 to 18 digits"),
    "ifscNumber": (_matches(_IFSC), "ifscNumber must be a valid IFSC"),
    "async": (lambda value: isinstance(value, bool), "async must be a boolean value"),
}
# The required names, then those that may be left out.
_FIELDS: dict[Method, tuple[set[str], set[str]]] = {
    Method.UPI: ({"mobile"}, {"name", "async"}),
    Method.KYC: ({"mobile"}, {"async"}),
    Method.CHARGEBACK: ({"vpas"}, {"async"}),
    Method.BULK_CHARGEBACK: ({"vpas"}, {"async"}),
    Method.FULL: ({"mobile", "name"}, {"async"}),
    Method.BANK: ({"accountNumber", "ifscNumber"}, set()),
}


def parsed(
    method: Method, headers: Message, body: bytes, behaviour: Behaviour
) -> Mapping[str, Any]:
    """The fields of a good body.

    Raises:
        Refused: With a sentence for each field that is wrong.
    """
    if headers.get_content_type() != "application/json":
        raise Refused(HTTPStatus.BAD_REQUEST, "Content-Type must be application/json")
    try:
        fields = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not valid JSON") from None
    if not isinstance(fields, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "The body must be an object")
    if sentences := _sentences(method, fields, behaviour):
        raise Refused(HTTPStatus.BAD_REQUEST, *sentences)
    return fields


def _sentences(
    method: Method, fields: Mapping[str, object], behaviour: Behaviour
) -> list[str]:
    required, optional = _FIELDS[method]
    if method is Method.BANK and behaviour.bank_takes_async:
        optional = {"async"}
    sentences = [
        f"property {name} should not exist"
        for name in fields
        if name not in required | optional
    ]
    for name in sorted(required | optional):
        is_good, sentence = _RULES[name]
        if name in fields:
            if not is_good(fields[name]):
                echo = f": {fields[name]}" if behaviour.echoes_input else ""
                sentences.append(sentence + echo)
        elif name in required:
            sentences.append(sentence)
    return sentences
