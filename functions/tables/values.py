"""Values: decide whether a cell holds a value of a type, and which values are one.

Each type has a rule. What breaks it is worth no verdict and would be paid for: the
reason says why, in words that do not repeat the cell.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from functions.tables.email_values import unfit_email
from functions.tables.ip_values import ip_key, unfit_ip
from functions.tables.phone_values import phone_key, unfit_phone
from functions.tables.url_values import unfit_url, url_key


def _printable(rule: Callable[[str], str]) -> Callable[[str], str]:
    """Return a rule for printable values; what nobody sees is a mistake in any type."""

    def unfit(value: str) -> str:
        if value.isprintable():
            return rule(value)
        return "it has a line break, a tab or an invisible character in it"

    return unfit


@dataclass(frozen=True)
class ValueType:
    """A type of values: in words, the names of its columns, its rule and its key.

    The names are in lower-case letters and digits, without anything between them. The
    rule and the key take a value that is trimmed and not empty; the key is only asked
    for if the value fits.
    """

    words: str
    column_names: frozenset[str]
    unfit_reason: Callable[[str], str]
    match_key: Callable[[str], str]


VALUE_TYPES: Mapping[str, ValueType] = {
    "email": ValueType(
        "e-mail addresses",
        frozenset({"email", "emails", "emailaddress", "emailaddresses", "mail"}),
        _printable(unfit_email),
        str.casefold,
    ),
    "phone": ValueType(
        "phone numbers",
        frozenset(
            {"phone", "phonenumber", "phones", "mobile", "mobilenumber", "mobilephone"}
            | {"cell", "cellphone", "telephone", "tel", "number", "msisdn", "whatsapp"}
        ),
        _printable(unfit_phone),
        phone_key,
    ),
    "proxy": ValueType(
        "IP addresses",
        frozenset({"ip", "ips", "ipaddress", "ipaddresses", "ipaddr", "ipv4", "ipv6"}),
        _printable(unfit_ip),
        ip_key,
    ),
    "url": ValueType(
        "URLs or domains",
        frozenset({"url", "urls", "domain", "domains", "website", "link", "host"}),
        _printable(unfit_url),
        url_key,
    ),
}


_ANY = ValueType("values", frozenset(), lambda _: "", lambda value: value)


def value_rule(type_: str) -> ValueType:
    """Return the rule of a type; every cell that is not blank fits an unknown one."""
    return VALUE_TYPES.get(type_, _ANY)


def unfit_reason(type_: str, cell: str) -> str:
    """Return why a cell is no value of a type, "" if it is one."""
    value = cell.strip()
    return value_rule(type_).unfit_reason(value) if value else "it is empty"


def match_key(type_: str, value: str) -> str:
    """Return what is the same for values that are one; `value` has to fit the type."""
    return value_rule(type_).match_key(value.strip())


def is_value(type_: str, cell: str) -> bool:
    """Return whether a cell of the first record is a value rather than a name."""
    if type_ in VALUE_TYPES:
        return not unfit_reason(type_, cell)
    return bool(cell.strip()) and simple_name(cell) not in column_names(type_)


def column_names(type_: str) -> frozenset[str]:
    """Return the names of a type's columns; all that are known, if it has no rule."""
    if type_ in VALUE_TYPES:
        return VALUE_TYPES[type_].column_names
    names = (known.column_names for known in VALUE_TYPES.values())
    others = {simple_name(type_), "value", "values", "username", "password"}
    return frozenset(others).union(*names)


def simple_name(name: str) -> str:
    """Return a column's name without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", name.casefold())
