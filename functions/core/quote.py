"""Quote: say what a job would send and cost, from what is recorded of it."""

import json
from collections.abc import Mapping
from typing import Any

from functions.core.job_record import JobRecord

#: What there is to say of a job besides the numbers of its list, as JSON.
Remarks = Mapping[str, Any]


def quote_of(record: JobRecord) -> dict[str, Any] | None:
    """Return a job's quote; None where Prepare has made none."""
    prepared = record.prepared_list
    remarks: Remarks = json.loads(record.quote or "{}")
    if not (prepared.key or remarks):
        return None
    return {
        "records": remarks.get("records", prepared.records),
        "blank": prepared.blank,
        "duplicates": prepared.duplicates,
        "not_sent": remarks.get("not_sent", {}),
        "remembered": prepared.remembered,
        "to_send": remarks.get("to_send", prepared.sent),
        "header": remarks.get("header"),
        "notes": remarks.get("notes", []),
        # Quotes of an earlier release lack these.
        "uploads": remarks.get("uploads", prepared.shards or 1),
        "credits_needed": remarks.get("credits_needed"),
        "credits_left": remarks.get("credits_left"),
        "aws_usd": remarks.get("aws_usd"),
        "expected_seconds": remarks.get("expected_seconds"),
    }
