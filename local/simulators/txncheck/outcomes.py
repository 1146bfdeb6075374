"""How a request ends, by the last digit of what it asks about.

| last digit of mobile or accountNumber | ends |
| --- | --- |
| 0 to 6 | COMPLETED |
| 7 | full-check: PARTIAL, the KYC step failed for now; others: COMPLETED |
| 8 | FAILED, for now (`temporary_class`) |
| 9 | FAILED, for good (`business_class`) |

VPA checks always complete; a VPA is blocklisted when its name ends with a 9.
"""

from collections.abc import Mapping
from typing import Any

from local.simulators.txncheck.behaviour import Behaviour, End
from local.simulators.txncheck.routes import Method

_BY_DIGIT = {"7": End.PARTIAL, "8": End.TEMPORARY, "9": End.BUSINESS_ERROR}


def end_of(method: Method, fields: Mapping[str, Any], behaviour: Behaviour) -> End:
    """The end that the switch forces, or else that of the rule."""
    subject = str(fields.get("mobile") or fields.get("accountNumber") or "")
    end = behaviour.ends or _BY_DIGIT.get(subject[-1:], End.COMPLETED)
    if end is End.PARTIAL and method is not Method.FULL:
        return End.COMPLETED
    return end


def is_blocklisted(vpa: str) -> bool:
    """Whether it is known for chargebacks."""
    return vpa.partition("@")[0].endswith("9")
