"""Job items: name the attributes and conditions that writes to the jobs table share."""

from functions.aws.dynamodb import Value
from functions.core.job_record import month_of
from functions.core.model import Job

#: Holds unless a retry has given the job another attempt.
THIS_ATTEMPT = "(attribute_not_exists(attempt) OR attempt = :attempt)"
#: Holds while an attempt runs: every write that leads to a payment has this condition.
RUNNING = f"attribute_not_exists(outcome) AND {THIS_ATTEMPT}"
#: The attributes of an error that a job waits out.
HOLD = ("held_for", "held_since")
#: Holds for the execution that follows the attempt; 0.1.0 did not record which it is.
OF_THIS_EXECUTION = "(attribute_not_exists(execution) OR execution = :execution)"


def identity_of(job: Job) -> dict[str, Value]:
    """Return what identifies a job, or a request of one."""
    batch = {"batch_id": job.part.batch_id} if job.is_batch_request else {}
    return {"provider": job.provider, "type": job.type, **source_of(job), **batch}


def source_of(job: Job) -> dict[str, Value]:
    """Return the object of a job; nothing where it has none."""
    if not job.key:
        return {}
    return {"bucket": job.bucket, "key": job.key, "version_id": job.version_id}


def received(job: Job, now: float) -> dict[str, Value]:
    """Return when a job came, and the month in which it is listed."""
    if job.is_batch_request:  # without a month: the list of jobs has its batch
        return {"received_at": now}
    return {"received_at": now, "month": month_of(now)}


def held(job: Job) -> dict[str, Value]:
    """Return the error that a job waits out, and since when; nothing if none."""
    if not job.held_for:
        return {}
    return {"held_for": job.held_for, "held_since": job.held_since}


def submitted(job: Job) -> dict[str, Value]:
    """Return what is known of a submission; nothing where there is none."""
    if not job.provider_ref:
        return {}
    return {
        "provider_ref": job.provider_ref,
        "submitted_at": job.submitted_at,
        "rows": job.rows,
        "distinct_rows": job.distinct_rows,
    }
