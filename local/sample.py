"""Make sample files about invented people, the same on every machine."""

import csv
import io
import json
from collections.abc import Callable

_GIVEN = ("asha", "ben", "chen", "dora", "emil", "fatou", "goran", "hana", "ines")
_FAMILY = ("abel", "berg", "cruz", "diaz", "endo", "faye", "gold", "haas")
# Reserved for examples by RFC 2606: no mail is delivered to them.
_DOMAINS = ("example.com", "example.net", "example.org", "mail.example", "x.invalid")

#: One of this many rows is a duplicate.
_DUPLICATE_EVERY = 50
#: Of this many customers, four are not simply one with an address of their own.
_ODD_EVERY = 50


def file(type_: str, rows: int) -> tuple[str, bytes] | None:
    """Return the name and content of a sample of a type; None if there is none.

    A list has this number of rows; that of e-mails is an export with more columns.
    """
    if type_ in _LISTS:
        return "sample.csv", _LISTS[type_](rows)
    if type_ in _REQUESTS:
        return "sample.json", json.dumps(_REQUESTS[type_]).encode()
    return None


def emails(count: int) -> bytes:
    """Return a CSV with a header and `count` rows, a few of them duplicates."""
    return _list("email", count, _email)


def customers(count: int) -> bytes:
    """Return an export of `count` customers with e-mail addresses, as Excel writes it.

    Of every fifty, one has the address of an earlier one, one has none, one has
    something else in its place, and one is a blank row.
    """
    text = io.StringIO()
    export = csv.writer(text, delimiter=";", lineterminator="\r\n")
    export.writerow(["Kundennr.", "Name", "E-Mail-Adresse", "Bemerkung"])
    for n in range(count):
        given, family = _GIVEN[n % len(_GIVEN)], _FAMILY[n % len(_FAMILY)]
        name = f"{family.title()}, {given.title()}"
        # The odd ones are among the first, so that whoever looks at these sees them.
        start = [f"K-{10_000 + n}", name]
        odd = {
            3: [*start, _email(n - 2).upper(), "Zweitkonto; siehe oben"],
            4: [*start, "", "keine Adresse"],
            6: [*start, "liegt nicht vor", ""],
            7: ["", "", "", ""],
        }
        export.writerow(odd.get(n % _ODD_EVERY, [*start, _email(n), ""]))
    return text.getvalue().encode("utf-8-sig")


def phones(count: int) -> bytes:
    """Return such a list of numbers, a thousand of which Ofcom keeps for fiction."""
    return _list("phone", count, lambda n: f"+44770090{n:04}")


def addresses(count: int) -> bytes:
    """Return such a list of IP addresses, which RFC 3849 reserves for examples."""
    return _list("ip address", count, lambda n: f"2001:db8::{n:x}")


def urls(count: int) -> bytes:
    """Return such a list of URLs, in the domains of `emails`."""
    return _list("url", count, lambda n: f"https://{_DOMAINS[n % len(_DOMAINS)]}/{n}")


def full_check() -> bytes:
    """Return a request whose result the simulator completes only in part."""
    return json.dumps(_REQUESTS["full-check"]).encode()


def _email(n: int) -> str:
    name = f"{_GIVEN[n % len(_GIVEN)]}.{_FAMILY[n % len(_FAMILY)]}{n}"
    return f"{name}@{_DOMAINS[n % len(_DOMAINS)]}"


def _list(header: str, count: int, value: Callable[[int], str]) -> bytes:
    duplicates = count // _DUPLICATE_EVERY
    values = [value(n) for n in range(count - duplicates)]
    return "\n".join([header, *values, *values[:duplicates], ""]).encode()


_LISTS = {"email": customers, "phone": phones, "proxy": addresses, "url": urls}
_PERSON = {"mobile": "+919800000007", "name": "Asha Example"}
_VPAS = {"vpas": ["asha.example@upi", "ben.example@upi"]}
_REQUESTS: dict[str, dict[str, object]] = {
    "full-check": {**_PERSON},
    "upi-by-mobile": {**_PERSON},
    "kyc-by-mobile": {"mobile": _PERSON["mobile"]},
    "vpa-chargeback-check": {**_VPAS},
    "bulk-vpa-chargeback-check": {**_VPAS},
    "bank-verification-pennyless": {
        "accountNumber": "000000000007",
        "ifscNumber": "ABCD0000007",
    },
}
