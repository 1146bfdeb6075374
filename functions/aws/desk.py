"""Desk: the jobs table as those use it who ask for jobs and retry them."""

from typing import TYPE_CHECKING

from functions.aws.dynamodb import Items, Value
from functions.core.job_record import Record, month_of
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
        self._items = Items(table, dynamodb=dynamodb)
        self._keep_seconds = keep_days * 86_400

    def read(self, job_id: str) -> Record | None:
        """Look a job up."""
        item = self._items.get(job_id)
        return Record.from_item(item) if item else None

    def receive(self, job: Job, *, request_hash: str, now: float) -> Record:
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
        return Record.from_item(written or self._items.get(job.job_id))

    def restart(self, record: Record, *, now: float) -> Record | None:
        """Give an ended job its next attempt; None where another was faster.

        The outcome moves to the past, and what was submitted stays submitted.
        """
        values: dict[str, Value] = {
            "attempt": record.attempt + 1,
            "resumed_at": now,
            "earlier": record.past(),
            "expires_at": int(now + self._keep_seconds),
        }
        written = self._items.update(
            record.job_id,
            values,
            remove=_OF_AN_ATTEMPT,
            condition="outcome = :ended "
            "AND (attribute_not_exists(attempt) OR attempt = :ended_attempt)",
            known={":ended": str(record.outcome), ":ended_attempt": record.attempt},
        )
        return Record.from_item(written) if written else None
