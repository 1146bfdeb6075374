"""TxnCheck's request bodies: validate and write them before anything is paid for.

The words of Indian payments: UPI is the Unified Payments Interface; a VPA, such as
name@bank, is a payment address in it; an IFSC number is the code of a bank's branch.
"""

import codecs
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from functions.core.errors import (
    RequestInvalid,
    SourceEmpty,
    SourceMissing,
    SourceNotText,
    SourceTooLarge,
)
from functions.core.provider_settings import NameUse
from functions.core.source import Source, read_chunks
from functions.core.strict_json import NotStrictJson, parse

MAX_VPAS = 100  # in one request [V]
#: The type whose requests have many VPAs and one id.
BULK = "bulk-vpa-chargeback-check"

#: Twice the length of a hundred of the longest VPAs.
_MAX_BODY_BYTES = 64 * 1024
#: What a file is perhaps meant to be that is no request.
_BATCH = (
    "; if it is a batch, let its name end in .csv, .xlsx, or, with one object a line, "
    ".jsonl"
)
_VPA = re.compile(r"[A-Za-z0-9._\-]{1,255}@[A-Za-z][A-Za-z0-9.\-]{0,63}")


@dataclass(frozen=True)
class RequestType:
    """A type of request at TxnCheck: its path and the fields of its body."""

    path: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    takes_async: bool = True


_REQUEST_TYPES = {
    "upi-by-mobile": RequestType("upi-by-mobile", ("mobile",), ("name",)),
    "kyc-by-mobile": RequestType("kyc-by-mobile", ("mobile",)),
    "vpa-chargeback-check": RequestType("vpa-chargeback-check", ("vpas",)),
    BULK: RequestType("bulk/vpa-chargeback-check", ("vpas",)),
    "full-check": RequestType("full-check", ("mobile", "name")),
    "bank-verification-pennyless": RequestType(
        "bank-verification-pennyless", ("accountNumber", "ifscNumber")
    ),
}


def _matches(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and bool(compiled.fullmatch(value))


def _are_vpas(value: object) -> bool:
    return (
        isinstance(value, list)
        and 1 <= len(value) <= MAX_VPAS
        and all(isinstance(vpa, str) and _VPA.fullmatch(vpa) for vpa in value)
    )


#: By field: whether a value is valid, and the error if it is not.
_RULES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "mobile": (_matches(r"\+91[0-9]{10}"), "must be +91 and ten digits"),
    "name": (
        _matches(r"(?=.*\S)[^\x00-\x1f\x7f]{1,200}"),
        "must be 1 to 200 characters, none of them a control character",
    ),
    "vpas": (_are_vpas, "must be 1 to 100 VPAs of the form name@handle"),
    "accountNumber": (_matches(r"[0-9]{9,18}"), "must be 9 to 18 digits"),
    "ifscNumber": (
        _matches(r"[A-Z]{4}0[A-Z0-9]{6}"),
        "must be four capitals, a zero, then six capitals or digits",
    ),
}


class RequestBodies:
    """Validate and write request bodies as TxnCheck documents them.

    `upi_name` is how to treat the `name` of `upi-by-mobile`, which only newer
    documents have [U]; `bank_async` is whether `async` is sent to the bank
    verification, whose documents do not list it [U].
    """

    def __init__(self, *, upi_name: NameUse, bank_async: bool) -> None:
        upi, bank = (
            _REQUEST_TYPES["upi-by-mobile"],
            _REQUEST_TYPES["bank-verification-pennyless"],
        )
        upi_by_name_use = {
            "optional": upi,
            "required": replace(upi, required=("mobile", "name"), optional=()),
            "unsent": replace(upi, optional=()),
        }
        self._request_types = _REQUEST_TYPES | {
            "upi-by-mobile": upi_by_name_use[upi_name],
            "bank-verification-pennyless": replace(bank, takes_async=bank_async),
        }

    def request_type(self, type_: str) -> RequestType:
        """Return the path and fields of a type of request.

        Raises:
            RequestInvalid: TxnCheck has no such type.
        """
        if type_ not in self._request_types:
            raise RequestInvalid("type: must be one of TxnCheck's")
        return self._request_types[type_]

    def field_errors(self, type_: str, fields: Mapping[str, object]) -> dict[str, str]:
        """Return the error of each missing or invalid field, without its value."""
        request_type = self.request_type(type_)
        errors = {}
        for name in (*request_type.required, *request_type.optional):
            value = fields.get(name)
            is_valid, error = _RULES[name]
            if value is None and name in request_type.required:
                errors[name] = "is missing"
            elif value is not None and not is_valid(value):
                is_text = isinstance(value, str) or name == "vpas"
                errors[name] = error if is_text else f"{error}, as a text in quotes"
        return errors

    def valid_fields(self, type_: str, fields: Mapping[str, object]) -> dict[str, Any]:
        """Return those fields that the type of request has.

        Raises:
            RequestInvalid: A field is missing or invalid; see `field_errors`.
        """
        if errors := self.field_errors(type_, fields):
            raise RequestInvalid(describe_errors(errors))
        request_type = self.request_type(type_)
        names = (*request_type.required, *request_type.optional)
        return {name: fields[name] for name in names if fields.get(name) is not None}

    def read_body(self, type_: str, source: Source) -> bytes:
        """Read a request from a file and return the bytes to send.

        Raises:
            SourceMissing, SourceEmpty, SourceNotText, SourceTooLarge,
                RequestInvalid: The request is not worth sending.
        """
        fields = self.valid_fields(type_, _parse_fields(_read_file(source)))
        if self.request_type(type_).takes_async:
            fields["async"] = True
        return compact_json(fields)

    def count_values(self, type_: str, body: bytes) -> int:
        """Return how many values a request counts for: a bulk one for all its VPAs."""
        return len(json.loads(body)["vpas"]) if type_ == BULK else 1


def describe_errors(errors: Mapping[str, str]) -> str:
    """Return the errors of fields as one line."""
    return "; ".join(f"{name}: {error}" for name, error in errors.items())


def compact_json(fields: Mapping[str, Any]) -> bytes:
    """Return fields as the compact JSON that is signed and sent."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _read_file(source: Source) -> bytes:
    content = bytearray()
    for chunk in read_chunks(source):
        content += chunk
        if len(content) > _MAX_BODY_BYTES:
            raise SourceTooLarge(f"the file is larger than any request{_BATCH}")
    if len(content) < source.size:
        raise SourceMissing("the file is shorter than its size")
    return bytes(content.removeprefix(codecs.BOM_UTF8).strip())


def _parse_fields(body: bytes) -> dict[str, object]:
    if not body:
        raise SourceEmpty("the file holds nothing")
    try:
        body.decode()
        fields = parse(body)
    except UnicodeDecodeError:
        raise SourceNotText(f"the file is not UTF-8{_BATCH}") from None
    except NotStrictJson:
        raise RequestInvalid(f"the file is not strict JSON{_BATCH}") from None
    if not isinstance(fields, dict):
        raise RequestInvalid(f"the file is not one JSON object{_BATCH}")
    return fields
