"""TxnCheck's requests: what a body may hold, checked before anything is paid."""

import codecs
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from functions.core.errors import (
    RequestInvalid,
    SourceEmpty,
    SourceMissing,
    SourceNotText,
    SourceTooLarge,
)
from functions.core.strict_json import NotStrictJson, parse
from functions.providers.protocol import Source, read_chunks

MAX_VPAS = 100  # in one request [V]
#: The type whose requests take many VPAs for one id.
BULK = "bulk-vpa-chargeback-check"

#: Twice what a hundred of the longest VPAs take.
_MOST_BYTES = 64 * 1024
_VPA = re.compile(r"[A-Za-z0-9._\-]{1,255}@[A-Za-z][A-Za-z0-9.\-]{0,63}")

NameUse = Literal["optional", "required", "unsent"]


@dataclass(frozen=True)
class ApiMethod:
    """One of TxnCheck's calls: where it is, and the fields of its body."""

    path: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    takes_async: bool = True


_METHODS = {
    "upi-by-mobile": ApiMethod("upi-by-mobile", ("mobile",), ("name",)),
    "kyc-by-mobile": ApiMethod("kyc-by-mobile", ("mobile",)),
    "vpa-chargeback-check": ApiMethod("vpa-chargeback-check", ("vpas",)),
    BULK: ApiMethod("bulk/vpa-chargeback-check", ("vpas",)),
    "full-check": ApiMethod("full-check", ("mobile", "name")),
    "bank-verification-pennyless": ApiMethod(
        "bank-verification-pennyless", ("accountNumber", "ifscNumber")
    ),
}


def _matches(pattern: str) -> Callable[[object], bool]:
    form = re.compile(pattern)
    return lambda given: isinstance(given, str) and form.fullmatch(given) is not None


def _are_vpas(given: object) -> bool:
    return (
        isinstance(given, list)
        and 1 <= len(given) <= MAX_VPAS
        and all(isinstance(vpa, str) and _VPA.fullmatch(vpa) for vpa in given)
    )


#: Whether a field is of its form, and what the reader is told if it is not.
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
    """What TxnCheck takes, as far as it says so; the rest comes from the settings.

    `upi_name` says what becomes of the `name` of `upi-by-mobile`, which only newer
    documents have [U]; `bank_async` whether `async` is sent to the bank
    verification, whose documents do not list it [U].
    """

    def __init__(self, *, upi_name: NameUse, bank_async: bool) -> None:
        upi, bank = _METHODS["upi-by-mobile"], _METHODS["bank-verification-pennyless"]
        named = {
            "optional": upi,
            "required": replace(upi, required=("mobile", "name"), optional=()),
            "unsent": replace(upi, optional=()),
        }
        self._methods = _METHODS | {
            "upi-by-mobile": named[upi_name],
            "bank-verification-pennyless": replace(bank, takes_async=bank_async),
        }

    def api_method(self, type_: str) -> ApiMethod:
        """Give the call of a type.

        Raises:
            RequestInvalid: TxnCheck has no such type.
        """
        if type_ not in self._methods:
            raise RequestInvalid("type: must be one of TxnCheck's")
        return self._methods[type_]

    def field_errors(self, type_: str, given: Mapping[str, object]) -> dict[str, str]:
        """Say which fields are not worth sending, with the rule that each breaks."""
        method = self.api_method(type_)
        faults = {}
        for field in (*method.required, *method.optional):
            value = given.get(field)
            is_good, rule = _RULES[field]
            if value is None and field in method.required:
                faults[field] = "is missing"
            elif value is not None and not is_good(value):
                faults[field] = rule
        return faults

    def valid_fields(self, type_: str, given: Mapping[str, object]) -> dict[str, Any]:
        """Give the fields that the call has, and no others.

        Raises:
            RequestInvalid: A field is missing or not of its form. The text has
                the fields' names and the rules, never what was given.
        """
        if faults := self.field_errors(type_, given):
            raise RequestInvalid(describe_errors(faults))
        method = self.api_method(type_)
        fields = (*method.required, *method.optional)
        return {field: given[field] for field in fields if given.get(field) is not None}

    def read_body(self, type_: str, source: Source) -> bytes:
        """Read a request from a file; give the bytes that are to be sent.

        Raises:
            SourceMissing, SourceEmpty, SourceNotText, SourceTooLarge,
            RequestInvalid: It is not worth sending.
        """
        fields = self.valid_fields(type_, _object(_read(source)))
        if self.api_method(type_).takes_async:
            fields["async"] = True
        return compact_json(fields)


def describe_errors(faults: Mapping[str, str]) -> str:
    """Say what is wrong with some fields, in one line."""
    return "; ".join(f"{field}: {rule}" for field, rule in faults.items())


def compact_json(fields: Mapping[str, Any]) -> bytes:
    """Write JSON in the one way in which it is sent, and therefore signed."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _read(source: Source) -> bytes:
    body = bytearray()
    for piece in read_chunks(source):
        body += piece
        if len(body) > _MOST_BYTES:
            raise SourceTooLarge("the file is larger than any request is")
    if len(body) < source.size:
        raise SourceMissing("the file ended before its size")
    return bytes(body.removeprefix(codecs.BOM_UTF8).strip())


def _object(body: bytes) -> dict[str, object]:
    if not body:
        raise SourceEmpty("the file holds nothing")
    try:
        body.decode()
        given = parse(body)
    except UnicodeDecodeError:
        raise SourceNotText("the file is not UTF-8") from None
    except NotStrictJson:
        raise RequestInvalid("the file is not strict JSON") from None
    if not isinstance(given, dict):
        raise RequestInvalid("the file is not one JSON object")
    return given
