"""Quote: say what a job would send and cost, from what is recorded of it."""

import json
from collections.abc import Mapping
from typing import Any

from functions.core import cost
from functions.core.job_record import JobRecord
from functions.core.model import Job

#: What there is to say of a job besides the numbers of its list, as JSON.
Remarks = Mapping[str, Any]
#: A list is estimated with so many checks and results; waits grow, so that even a day
#: has not many more.
_CHECKS, _RESULTS, _JOINED = 30, 4, 2


def remarks_of_requests(job: Job) -> Remarks:
    """Return what there is to say of a request, or of the requests of a batch."""
    sent = values_of(job)
    not_sent = {"invalid": job.invalid} if job.invalid else {}
    return {"records": job.rows or sent, "not_sent": not_sent, "to_send": sent}


def values_of(job: Job) -> int:
    """Return how many values, or requests, a prepared job would send."""
    return job.prepared.sent if job.prepared.key else job.batch.requests or 1


def cost_of(job: Job, *, credits_per_value: float) -> Remarks:
    """Return what a prepared job would cost, as far as it can be estimated."""
    if job.batch.requests:
        usage = cost.batch_job(requests=job.batch.requests)
    elif job.prepared.key:
        usage = cost.polled_job(checks=_CHECKS, kinds=_RESULTS, joined=_JOINED)
    else:
        usage = cost.polled_job(checks=_CHECKS, kinds=1)
    credits_needed = values_of(job) * credits_per_value
    return {
        "uploads": job.batch.requests or 1,
        "credits_needed": credits_needed,
        "aws_usd": round(usage.usd, 6),
    }


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
        "to_send": remarks.get("to_send", prepared.sent),
        "header": remarks.get("header"),
        "notes": remarks.get("notes", []),
        # Quotes of an earlier release lack these.
        "uploads": remarks.get("uploads", 1),
        "credits_needed": remarks.get("credits_needed"),
        "credits_left": remarks.get("credits_left"),
        "aws_usd": remarks.get("aws_usd"),
    }
