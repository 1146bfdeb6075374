"""Quote notice: define the message that a job waits for approval."""

from datetime import UTC, datetime
from typing import Any

from functions.core.job_record import JobRecord
from functions.core.quote import quote_of

#: What the notice is about; one of an end does not say so.
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
        "attempt": record.attempt,
        "reason": record.approve_reason,
        "approve_until": until.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "quote": numbers,
    }
    return message, attributes
