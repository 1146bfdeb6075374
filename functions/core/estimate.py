"""Estimate: say what a prepared job would send, and what that would cost."""

from functions.core import cost
from functions.core.model import Job
from functions.core.quote import Remarks

#: A list is estimated with so many checks and results; waits grow, so that even a day
#: has not many more.
_CHECKS, _RESULTS, _JOINED = 30, 4, 2


def remarks_of_requests(job: Job) -> Remarks:
    """Return what there is to say of a request, or of the requests of a batch."""
    sent = job.batch.requests or 1
    not_sent = {"invalid": job.invalid} if job.invalid else {}
    return {"records": job.rows or sent, "not_sent": not_sent, "to_send": sent}


def values_of(job: Job) -> int:
    """Return how many values a prepared job would send, as the provider counts them."""
    if job.prepared.key:
        return job.prepared.sent
    return job.batch.values or job.batch.requests or 1


def cost_of(job: Job, *, credits_per_value: float) -> Remarks:
    """Return what a prepared job would cost, as far as it can be estimated."""
    uploads = job.batch.requests or 1
    if job.batch.requests:
        kinds = _RESULTS if job.prepared.key else 1
        usage = cost.batch_job(requests=job.batch.requests, kinds=kinds, joined=_JOINED)
    elif job.prepared.key:
        usage = cost.polled_job(checks=_CHECKS, kinds=_RESULTS, joined=_JOINED)
        if not job.prepared.sent:  # all of it is remembered
            uploads, usage = 0, cost.remembered_job(joined=_JOINED)
    else:
        usage = cost.polled_job(checks=_CHECKS, kinds=1)
    credits_needed = values_of(job) * credits_per_value
    return {
        "uploads": uploads,
        "credits_needed": credits_needed,
        "aws_usd": round(usage.usd, 6),
    }


def lacks_credits(remarks: Remarks) -> bool:
    """Return whether a job would cost more credits than the provider says are left."""
    left = remarks.get("credits_left")
    return left is not None and remarks["credits_needed"] > left
