"""Make sample files about invented people, the same on every machine."""

import json

_GIVEN = ("asha", "ben", "chen", "dora", "emil", "fatou", "goran", "hana", "ines")
_FAMILY = ("abel", "berg", "cruz", "diaz", "endo", "faye", "gold", "haas")
# Reserved for examples by RFC 2606: no mail is delivered to them.
_DOMAINS = ("example.com", "example.net", "example.org", "mail.example", "x.invalid")

#: One of this many rows is a duplicate.
_DUPLICATE_EVERY = 50


def emails(count: int) -> bytes:
    """Return a CSV with a header and `count` rows, a few of them duplicates."""
    duplicates = count // _DUPLICATE_EVERY
    addresses = [
        f"{_GIVEN[n % len(_GIVEN)]}.{_FAMILY[n % len(_FAMILY)]}{n}"
        f"@{_DOMAINS[n % len(_DOMAINS)]}"
        for n in range(count - duplicates)
    ]
    return "\n".join(["email", *addresses, *addresses[:duplicates], ""]).encode()


def full_check() -> bytes:
    """Return a request whose result the simulator completes only in part."""
    return json.dumps({"mobile": "+919800000007", "name": "Asha Example"}).encode()


def repeated_in_quotes(content: bytes) -> bytes:
    """Return a list whose rows follow once more in quotes.

    A provider takes those for duplicates; as text they are different rows.
    """
    _, *rows = content.splitlines()
    return content + b"".join(b'"%b"\n' % row for row in rows)
