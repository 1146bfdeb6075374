"""Job items: reach items of the jobs table, and name what all writes to it share."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Self

from functions.aws import clients
from functions.aws.dynamodb import DynamoTable, Value
from functions.aws.settings import function_settings
from functions.core.job_record import month_of
from functions.core.keys import ENV_JOBS_RETENTION_DAYS, ENV_JOBS_TABLE
from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Holds unless a retry has given the job another attempt.
THIS_ATTEMPT = "(attribute_not_exists(attempt) OR attempt = :attempt)"
#: Holds while an attempt runs: every write that leads to a payment has this condition.
RUNNING = f"attribute_not_exists(outcome) AND {THIS_ATTEMPT}"
#: The attributes of an error that a job waits out.
HOLD = ("held_for", "held_since")
#: Holds for the execution that follows the attempt; 0.1.0 did not record which it is.
OF_THIS_EXECUTION = "(attribute_not_exists(execution) OR execution = :execution)"


class JobsTable:
    """The jobs table; a job stays in it for `keep_days` after its last event."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", keep_days: int
    ) -> None:
        self._table = DynamoTable(table, dynamodb=dynamodb)
        self._keep_seconds = keep_days * 86_400

    @classmethod
    def from_environment(cls) -> Self:
        """Return the store in the table that this function's environment names."""
        settings = function_settings(ENV_JOBS_TABLE, ENV_JOBS_RETENTION_DAYS)
        return cls(
            settings.jobs_table,
            dynamodb=clients.dynamodb(),
            keep_days=settings.jobs_retention_days,
        )

    def _expires_at(self, now: float) -> int:
        return int(now + self._keep_seconds)


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


def prepared(job: Job) -> dict[str, Value]:
    """Return what Prepare made of a list; nothing where it has made nothing."""
    if not job.prepared.records_version_id:
        return {}
    return {"prepared": json.dumps(asdict(job.prepared))}


def resent(job: Job, old: str) -> dict[str, Value]:
    """Return that the claim `old` may be paid for; nothing if it surely is not."""
    return {"resent": 1} if old and old not in job.unsent_claims else {}


def held(job: Job) -> dict[str, Value]:
    """Return the error that a job waits out, and since when; nothing if none."""
    if not job.held_for:
        return {}
    return {"held_for": job.held_for, "held_since": job.held_since}


def webhook_status_of(job: Job) -> dict[str, Value]:
    """Return what the provider last said of its webhook; nothing if nothing."""
    return {"webhook_status": job.webhook_status} if job.webhook_status else {}


def next_check_of(job: Job) -> dict[str, Value]:
    """Return why a job's next check is when it is, and the forecast of its end."""
    values: dict[str, Value] = {}
    if job.wait_reason:
        values["next_check_reason"] = job.wait_reason
    if job.forecast:
        values["forecast"] = json.dumps(asdict(job.forecast))
    return values


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
