"""Invented results, always the same for the same input."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from local.simulators.txncheck.behaviour import TxncheckBehaviour
from local.simulators.txncheck.outcomes import is_blocklisted

Result = dict[str, Any]

STEPS = ("upiByMobile", "kycByMobile", "vpaChargebackCheck")
_NAMES = ("ASHA EXAMPLE", "BINA INVENTED", "CHETAN SAMPLE", "DEVI SIMULATED")


def result_of(
    method: str, fields: Mapping[str, Any], behaviour: TxncheckBehaviour
) -> Result:
    """Return the result of a completed request; a full-check has all of its steps."""
    if method == "bank-verification-pennyless":
        account = {"accountNumber": fields["accountNumber"]}
        account["ifsc"] = fields["ifscNumber"]
        return {"bankVerification": {**account, **behaviour.bank_extras}}
    if "vpas" in fields:
        return _chargeback(fields["vpas"])

    mobile: str = fields["mobile"]
    number = int.from_bytes(hashlib.sha256(mobile.encode()).digest())
    name, digits = _NAMES[number % len(_NAMES)], f"{number:0>20}"
    if method == "kyc-by-mobile":
        return _kyc(name, digits)
    vpas = [f"{name.replace(' ', '.').lower()}@invented", f"{mobile[3:]}@sample"]
    listed = "upi" if behaviour.upi_has_old_shape else "vpas"
    upi = {"name": name, listed: vpas, "status": "1"}
    if method == "full-check":
        steps = (upi, _kyc(name, digits), _chargeback(vpas))
        return dict(zip(STEPS, steps, strict=True))
    return upi if behaviour.upi_has_old_shape else {"upiByMobile": upi}


def _kyc(name: str, digits: str) -> Result:
    return {
        "fullName": name,
        "pan": f"INVEN{digits[:4]}D",
        "maskedAadhaar": f"XXXXXXXX{digits[4:8]}",
        "dob": f"19{digits[8:10]}-01-01",
        "status": "1",
    }


def _chargeback(vpas: Sequence[str]) -> Result:
    blocklisted = [vpa for vpa in vpas if is_blocklisted(vpa)]
    clean = [vpa for vpa in vpas if not is_blocklisted(vpa)]
    counts = {"blocklisted": len(blocklisted), "clean": len(clean)}
    summary = {"total": len(vpas), **counts}
    return {"blocklisted": blocklisted, "clean": clean, "summary": summary}
