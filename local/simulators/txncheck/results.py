"""Invented results: the same input has the same one every time."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from local.simulators.txncheck.behaviour import Behaviour, Shape
from local.simulators.txncheck.outcomes import is_blocklisted
from local.simulators.txncheck.routes import Method

Result = dict[str, Any]

STEPS = ("upiByMobile", "kycByMobile", "vpaChargebackCheck")

_GOOD = "1"
_FIRST_BIRTH = date(1950, 1, 1)
_BIRTHS = 18_000  # days
_FIRST = ("ASHA", "BINA", "CHETAN", "DEVI", "ESHA", "FARID", "GITA", "HARI")
_LAST = ("EXAMPLE", "INVENTED", "SAMPLE", "SIMULATED")


def of(method: Method, fields: Mapping[str, Any], behaviour: Behaviour) -> Result:
    """The result of a completed request; a full-check has all of its steps."""
    match method:
        case Method.UPI:
            return _upi(fields["mobile"], behaviour.upi_shape, wrapped=True)
        case Method.KYC:
            return _kyc(fields["mobile"])
        case Method.CHARGEBACK | Method.BULK_CHARGEBACK:
            return _chargeback(fields["vpas"])
        case Method.FULL:
            return {step: _STEPS[step](fields["mobile"], behaviour) for step in STEPS}
        case Method.BANK:
            account = {
                "accountNumber": fields["accountNumber"],
                "ifsc": fields["ifscNumber"],
            }
            return {"bankVerification": {**account, **behaviour.bank_extras}}


def _upi(mobile: str, shape: Shape, *, wrapped: bool) -> Result:
    name, vpas = _name(mobile), _vpas(mobile)
    if shape is Shape.OLD:
        return {"name": name, "upi": vpas, "status": _GOOD}
    result = {"name": name, "vpas": vpas, "status": _GOOD}
    return {"upiByMobile": result} if wrapped else result


def _kyc(mobile: str) -> Result:
    drawn = _drawn(mobile)
    letters = "".join(chr(ord("A") + byte % 26) for byte in drawn[:5])
    return {
        "fullName": _name(mobile),
        "pan": f"{letters}{_digits(drawn[5:9])}{chr(ord('A') + drawn[9] % 26)}",
        "maskedAadhaar": f"XXXXXXXX{_digits(drawn[10:14])}",
        "dob": f"{_FIRST_BIRTH + timedelta(drawn[14] * drawn[15] % _BIRTHS)}",
        "status": _GOOD,
    }


def _chargeback(vpas: Sequence[str]) -> Result:
    blocklisted = [vpa for vpa in vpas if is_blocklisted(vpa)]
    clean = [vpa for vpa in vpas if not is_blocklisted(vpa)]
    summary = {
        "total": len(vpas),
        "blocklisted": len(blocklisted),
        "clean": len(clean),
    }
    return {"blocklisted": blocklisted, "clean": clean, "summary": summary}


_STEPS: dict[str, Callable[[str, Behaviour], Result]] = {
    "upiByMobile": lambda mobile, how: _upi(mobile, how.upi_shape, wrapped=False),
    "kycByMobile": lambda mobile, _how: _kyc(mobile),
    "vpaChargebackCheck": lambda mobile, _how: _chargeback(_vpas(mobile)),
}


def _name(mobile: str) -> str:
    drawn = _drawn(mobile)
    return f"{_FIRST[drawn[20] % len(_FIRST)]} {_LAST[drawn[21] % len(_LAST)]}"


def _vpas(mobile: str) -> list[str]:
    own = _name(mobile).replace(" ", ".").lower()
    return [f"{own}@invented", f"{mobile.removeprefix('+91')}@sample"]


def _digits(drawn: bytes) -> str:
    return "".join(str(byte % 10) for byte in drawn)


def _drawn(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
