"""The addresses of the API: which call a path means."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

ROOT = "/api/v1"


class Method(StrEnum):
    """What can be asked for; the value is the path."""

    UPI = "upi-by-mobile"
    KYC = "kyc-by-mobile"
    CHARGEBACK = "vpa-chargeback-check"
    BULK_CHARGEBACK = "bulk/vpa-chargeback-check"
    FULL = "full-check"
    BANK = "bank-verification-pennyless"


@dataclass(frozen=True, slots=True)
class Submit:
    """A POST of one of the methods."""

    method: Method
    call: str = "submit"


@dataclass(frozen=True, slots=True)
class Check:
    """A GET of one request."""

    request_id: str
    call: str = "check"


def route(http_method: str, path: str) -> Submit | Check | None:
    """The call; None where the provider knows no such address."""
    root, _, rest = path.partition(f"{ROOT}/")
    if root or not rest:
        return None
    match http_method, rest.split("/"):
        case "GET", ["requests", request_id] if request_id:
            return Check(unquote(request_id))
        case "POST", _ if rest in set(Method):
            return Submit(Method(rest))
        case _:
            return None
