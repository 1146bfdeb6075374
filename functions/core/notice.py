"""Notice: define the messages that announce the end of a job, and its quote.

`infra.notify_task` publishes the end from the Notify state, and
`functions.aws.notifier` where an execution ended without visiting that state; it
publishes quotes as well.
"""

from datetime import UTC, datetime
from typing import Any

from functions.core.job_record import JobRecord
from functions.core.quote import quote_of

#: Fields of a `Job` in the message; the results bucket is added to them. `late` is
#: true or false, the others are texts.
MESSAGE_FIELDS = (
    "job_id",
    "provider",
    "type",
    "outcome",
    "error",
    "advice",
    "verdict",
    "manifest_key",
    "error_key",
    "late",
)
#: Message attributes, by which subscribers can filter; SNS refuses empty ones.
MESSAGE_ATTRIBUTES = ("job_id", "provider", "type", "outcome", "verdict")
#: The attribute of a job whose attempt the sweep has started: "true" or "false".
LATE_ATTRIBUTE = "late"
#: What a notice is about, if it is not about an end.
QUOTE = "quote"
#: Members of a quote with the uploader's own words, which a notice leaves out.
_WORDS = ("header", "notes")


def quote_notice(record: JobRecord) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the message and the attributes of a job that waits for approval.

    It has no attribute `outcome`: who filters by outcomes does not get it.
    """
    attributes = {
        "notice": QUOTE,
        "job_id": record.job_id,
        "provider": record.provider,
        "type": record.type,
    }
    until = datetime.fromtimestamp(record.approve_until, UTC)
    numbers = {
        name: number
        for name, number in (quote_of(record) or {}).items()
        if name not in _WORDS
    }
    message = {
        **attributes,
        "reason": record.approve_reason,
        "approve_until": until.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "quote": numbers,
    }
    return message, attributes
