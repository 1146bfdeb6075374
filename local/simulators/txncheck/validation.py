"""Validate the bodies of TxnCheck's calls; whatever is not documented is refused."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local.simulators.http_writer import Headers
from local.simulators.server import HttpRequest
from local.simulators.txncheck.behaviour import TxncheckBehaviour

_LONGEST_BODY = 1024 * 1024
_MOST_VPAS = 100  # [V]
_VPA = re.compile(r"[A-Za-z0-9._-]{1,256}@[A-Za-z0-9.-]{1,64}")
#: The form of each text, and what the value must be.
_TEXTS = {
    "mobile": (re.compile(r"\+91[0-9]{10}"), "+91 and 10 digits"),
    "name": (re.compile(r"(?s).*\S.*"), "a text that is not empty"),
    "accountNumber": (re.compile(r"[0-9]{9,18}"), "9 to 18 digits"),
    "ifscNumber": (re.compile(r"[A-Z]{4}0[A-Z0-9]{6}"), "a valid IFSC"),
}
#: The fields that the body of a method must have, by its path.
METHODS = {
    "upi-by-mobile": {"mobile"},
    "kyc-by-mobile": {"mobile"},
    "vpa-chargeback-check": {"vpas"},
    "bulk/vpa-chargeback-check": {"vpas"},
    "full-check": {"mobile", "name"},
    "bank-verification-pennyless": {"accountNumber", "ifscNumber"},
}


class RequestRefused(Exception):
    """An HTTP error; its sentences are the provider's message, and may quote input."""

    def __init__(self, status: int, *sentences: str, headers: Headers = ()) -> None:
        super().__init__(HTTPStatus(status).phrase)
        self.status = status
        self.sentences = sentences
        self.headers = headers


def read_body(request: HttpRequest) -> bytes:
    """Return the body of a request.

    Raises:
        RequestRefused: It has no length, or is too long.
    """
    if request.chunked:
        raise RequestRefused(HTTPStatus.LENGTH_REQUIRED, "Content-Length is needed")
    if request.body.limit > _LONGEST_BODY:
        raise RequestRefused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"
        )
    return request.body.read()


def fields_of(
    method: str, media_type: str, body: bytes, behaviour: TxncheckBehaviour
) -> Mapping[str, Any]:
    """Return the fields of a body.

    Raises:
        RequestRefused: The body is not documented; it has a sentence for each error.
    """
    if media_type != "application/json":
        raise RequestRefused(
            HTTPStatus.BAD_REQUEST, "Content-Type must be application/json"
        )
    try:
        fields = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise RequestRefused(
            HTTPStatus.BAD_REQUEST, "The body is not valid JSON"
        ) from None
    if not isinstance(fields, dict):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "The body must be an object")

    required = METHODS[method]
    optional = {"name"} if method == "upi-by-mobile" else set()
    if method != "bank-verification-pennyless" or behaviour.bank_takes_async:
        optional.add("async")
    unknown = sorted(fields.keys() - required - optional)
    sentences = [f"property {name} should not exist" for name in unknown]
    for name in sorted(required | (optional & fields.keys())):
        if rule := _broken_rule(name, fields.get(name)):
            echo = f": {fields.get(name)}" if behaviour.echoes_input else ""
            sentences.append(f"{name} must be {rule}{echo}")
    if sentences:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, *sentences)
    return fields


def _broken_rule(name: str, value: object) -> str:
    """Return the rule that the value of a field breaks, "" if it breaks none."""
    if name == "async":
        # Only the default: the adapter never waits for a result in the call.
        return "" if value is True else "true"
    if name == "vpas":
        vpas = value if isinstance(value, list) else []
        valid = all(isinstance(vpa, str) and _VPA.fullmatch(vpa) for vpa in vpas)
        return "" if valid and 1 <= len(vpas) <= _MOST_VPAS else "1 to 100 valid VPAs"
    form, rule = _TEXTS[name]
    return "" if isinstance(value, str) and form.fullmatch(value) else rule
