"""Invent the outcome and the result of a request, always the same for the same input.

| last digit of mobile or accountNumber | outcome |
| --- | --- |
| 0 to 6 | COMPLETED |
| 7 | full-check: PARTIAL, the KYC step failed for now; others: COMPLETED |
| 8 | FAILED, for now (`temporary_class`) |
| 9 | FAILED, for good (`business_class`) |

VPA checks always complete; a VPA is blocklisted when its name ends with a 9.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from local.simulators.txncheck.behaviour import RequestOutcome, TxncheckBehaviour

STEPS = ("upiByMobile", "kycByMobile", "vpaChargebackCheck")  # of a full-check
_BY_DIGIT = {
    "7": RequestOutcome.PARTIAL,
    "8": RequestOutcome.TEMPORARY,
    "9": RequestOutcome.BUSINESS_ERROR,
}
_NAMES = ("ASHA EXAMPLE", "BINA INVENTED", "CHETAN SAMPLE", "DEVI SIMULATED")


def outcome_of(
    method: str, fields: Mapping[str, Any], forced: RequestOutcome | None
) -> RequestOutcome:
    """Return the outcome that a switch forces, otherwise that of the table above."""
    subject = str(fields.get("mobile") or fields.get("accountNumber") or "")
    outcome = forced or _BY_DIGIT.get(subject[-1:], RequestOutcome.COMPLETED)
    if outcome is RequestOutcome.PARTIAL and method != "full-check":
        return RequestOutcome.COMPLETED
    return outcome


def result_of(
    method: str, fields: Mapping[str, Any], behaviour: TxncheckBehaviour
) -> dict[str, Any]:
    """Return the result of a completed request; that of a full-check has every step."""
    if method == "bank-verification-pennyless":
        number, ifsc = fields["accountNumber"], fields["ifscNumber"]
        account = {"accountNumber": number, "ifsc": ifsc, **behaviour.bank_extras}
        return {"bankVerification": account}
    if "vpas" in fields:
        return _chargeback(fields["vpas"])

    mobile: str = fields["mobile"]
    drawn = int.from_bytes(hashlib.sha256(mobile.encode()).digest())
    name, digits = _NAMES[drawn % len(_NAMES)], f"{drawn:0>20}"
    kyc = {
        "fullName": name,
        "pan": f"INVEN{digits[:4]}D",
        "maskedAadhaar": f"XXXXXXXX{digits[4:8]}",
        "dob": f"19{digits[8:10]}-01-01",
        "status": "1",
    }
    if method == "kyc-by-mobile":
        return kyc
    vpas = [f"{name.replace(' ', '.').lower()}@invented", f"{mobile[3:]}@sample"]
    listed = "upi" if behaviour.upi_has_old_shape else "vpas"
    upi = {"name": name, listed: vpas, "status": "1"}
    if method == "full-check":
        return dict(zip(STEPS, (upi, kyc, _chargeback(vpas)), strict=True))
    return upi if behaviour.upi_has_old_shape else {"upiByMobile": upi}


def _chargeback(vpas: Sequence[str]) -> dict[str, Any]:
    clean = [vpa for vpa in vpas if not vpa.partition("@")[0].endswith("9")]
    blocklisted = [vpa for vpa in vpas if vpa not in clean]
    counts = {"blocklisted": len(blocklisted), "clean": len(clean)}
    summary = {"total": len(vpas), **counts}
    return {"blocklisted": blocklisted, "clean": clean, "summary": summary}
