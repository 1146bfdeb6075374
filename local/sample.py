"""Sample: invented people, the same on every machine."""

import json

_GIVEN = ("asha", "ben", "chen", "dora", "emil", "fatou", "goran", "hana", "ines")
_FAMILY = ("abel", "berg", "cruz", "diaz", "endo", "faye", "gold", "haas")
# Reserved for examples by RFC 2606: nobody receives mail there.
_DOMAINS = ("example.com", "example.net", "example.org", "mail.example", "x.invalid")

_ONE_REPEATED_IN = 50


def emails(count: int) -> bytes:
    """Give a CSV with a header and so many rows, among them a few that repeat."""
    different = [
        f"{_GIVEN[n % len(_GIVEN)]}.{_FAMILY[n % len(_FAMILY)]}{n}"
        f"@{_DOMAINS[n % len(_DOMAINS)]}"
        for n in range(count - count // _ONE_REPEATED_IN)
    ]
    rows = [*different, *different[: count // _ONE_REPEATED_IN]]
    return "\n".join(["email", *rows, ""]).encode()


def full_check() -> bytes:
    """Ask about an invented person, of whom the simulator finds a part."""
    return json.dumps({"mobile": "+919800000007", "name": "Asha Example"}).encode()
