"""The outcome of a request, by the last digit of what it asks about.

| last digit of mobile or accountNumber | outcome |
| --- | --- |
| 0 to 6 | COMPLETED |
| 7 | full-check: PARTIAL, the KYC step failed for now; others: COMPLETED |
| 8 | FAILED, for now (`temporary_class`) |
| 9 | FAILED, for good (`business_class`) |

VPA checks always complete; a VPA is blocklisted when its name ends with a 9.
"""

from collections.abc import Mapping
from typing import Any

from local.simulators.txncheck.behaviour import RequestOutcome

_BY_DIGIT = {
    "7": RequestOutcome.PARTIAL,
    "8": RequestOutcome.TEMPORARY,
    "9": RequestOutcome.BUSINESS_ERROR,
}


def outcome_of(
    method: str, fields: Mapping[str, Any], forced: RequestOutcome | None
) -> RequestOutcome:
    """Return the outcome that a switch forces, or else that of the rule."""
    subject = str(fields.get("mobile") or fields.get("accountNumber") or "")
    outcome = forced or _BY_DIGIT.get(subject[-1:], RequestOutcome.COMPLETED)
    if outcome is RequestOutcome.PARTIAL and method != "full-check":
        return RequestOutcome.COMPLETED
    return outcome


def is_blocklisted(vpa: str) -> bool:
    """Return whether a VPA is known for chargebacks."""
    return vpa.partition("@")[0].endswith("9")
