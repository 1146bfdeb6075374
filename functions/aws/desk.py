"""Desk: the jobs table as those use it who ask for jobs and retry them."""

from typing import TYPE_CHECKING

from functions.aws.dynamodb import DynamoTable, Value
from functions.core.job_record import JobRecord, month_of
from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Facts of one attempt; the next one has its own.
_OF_AN_ATTEMPT = (
    "outcome",
    "error",
    "advice",
    "ended_at",
    "finished_at",
    "polls",
    "failures",
    "next_check_at",
    "manifest_key",
)


class Desk:
    """The jobs table, from the front."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", keep_days: int
    ) -> None:
        self._items = DynamoTable(table, dynamodb=dynamodb)
        self._keep_seconds = keep_days * 86_400

    def get(self, job_id: str) -> JobRecord | None:
        """Look a job up."""
        item = self._items.get(job_id)
        return JobRecord.from_item(item) if item else None

    def create_requested(self, job: Job, *, request_hash: str, now: float) -> JobRecord:
        """Write down a job that was asked for; the first to ask stands."""
        values: dict[str, Value] = {
            "provider": job.provider,
            "type": job.type,
            "request_hash": request_hash,
            "received_at": now,
            "month": month_of(now),
            "expires_at": int(now + self._keep_seconds),
        }
        if job.provider_ref:
            values |= {"provider_ref": job.provider_ref, "submitted_at": now}
        else:
            values |= {
                "bucket": job.bucket,
                "key": job.key,
                "version_id": job.version_id,
            }
        condition = "attribute_not_exists(job_id)"
        written = self._items.update(job.job_id, values, condition=condition)
        return JobRecord.from_item(written or self._items.get(job.job_id))

    def restart(self, record: JobRecord, *, now: float) -> JobRecord | None:
        """Give an ended job its next attempt; None where another was faster.

        The outcome moves to the past, and what was submitted stays submitted.
        """
        values: dict[str, Value] = {
            "attempt": record.attempt + 1,
            "resumed_at": now,
            "earlier": record.attempts_json(),
            "expires_at": int(now + self._keep_seconds),
        }
        written = self._items.update(
            record.job_id,
            values,
            remove=_OF_AN_ATTEMPT,
            condition="outcome = :ended "
            "AND (attribute_not_exists(attempt) OR attempt = :ended_attempt)",
            condition_values={
                ":ended": str(record.outcome),
                ":ended_attempt": record.attempt,
            },
        )
        return JobRecord.from_item(written) if written else None
