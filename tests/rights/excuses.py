"""Excuses: name the grants that no call needs, but which the CDK makes anyway."""

import re
from collections.abc import Mapping

from tests.rights.policy import Grant

#: By a pattern of the holder, the action, the resource and the conditions: the reason.
EXCUSES: Mapping[str, str] = {
    r".*MachineRole\w* lambda:InvokeFunction \S+:function:\w+:\* .*": (
        "A task may invoke the versions of its function, too."
    ),
    r".*MachineRole\w* kms:\w+ .*kms:EncryptionContext.*": (
        "Its condition has the physical name of the machine, and ours has none."
    ),
    r"apigateway\.amazonaws\.com lambda:InvokeFunction .*/GET/jobs/\*/\w+.*": (
        "Each method may call its function, and so may those of the paths below."
    ),
    r"events\.amazonaws\.com sqs:GetQueue(Attributes|Url) \S+:IntakeQueue.*": (
        "A rule whose target is a queue may describe the queue."
    ),
    r"events\.amazonaws\.com kms:(Encrypt|ReEncrypt\*) .*": (
        "A rule whose target is an encrypted queue may use the key in every way."
    ),
}


def excuse(grant: Grant) -> str:
    """Return why an unneeded grant is there, empty if nothing says so."""
    holder = grant.holder or " ".join(grant.principals)
    text = f"{holder} {grant.action} {grant.resource} {grant.conditions}"
    return next((why for like, why in EXCUSES.items() if re.fullmatch(like, text)), "")
