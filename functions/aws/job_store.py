"""Ledger: the jobs table, in which a job's facts are written once and never undone.

An item holds, besides what tells the job apart: `intent` (the token of the attempt
that was about to submit) and `intent_at`; `provider_ref` and `submitted_at`, set
once; the last progress; and `outcome`, set once for each attempt (see
`functions.aws.desk` for retries). Every write is conditional, so that a
repeated, late or overlapping call changes nothing.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.aws.dynamodb import DynamoTable, Item, Value
from functions.core.errors import advice_for
from functions.core.job_record import month_of
from functions.core.model import Job, Outcome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class SubmissionRecord:
    """What the ledger knows of a job's submission; times in Unix seconds."""

    received_at: float
    intent: str = ""
    intent_at: float = 0.0
    provider_ref: str = ""
    submitted_at: float = 0.0
    rows: int = 0


#: A job that was retried has another attempt in the table.
_THIS_ATTEMPT = "(attribute_not_exists(attempt) OR attempt = :attempt)"


class JobStore:
    """The jobs table; a job stays in it for `keep_days` after its last event."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", keep_days: int
    ) -> None:
        self._items = DynamoTable(table, dynamodb=dynamodb)
        self._keep_seconds = keep_days * 86_400

    def submission(self, job: Job) -> SubmissionRecord:
        """Read what is known of a job's submission."""
        return _entry(self._items.get(job.job_id))

    def claim_submission(self, job: Job, *, token: str, now: float) -> SubmissionRecord:
        """Write down that an attempt is about to submit, if none was before.

        The entry that comes back holds our token only if the claim is ours.
        """
        values = {**self._begun(job, now), "intent": token, "intent_at": now}
        written = self._items.update(
            job.job_id,
            values,
            set_if_absent=_received(job, now),
            condition="attribute_not_exists(intent) "
            "AND attribute_not_exists(provider_ref)",
        )
        return _entry(written or self._items.get(job.job_id))

    def create(self, job: Job, *, now: float) -> SubmissionRecord:
        """Write down a job of which nothing is submitted as a whole."""
        written = self._items.update(
            job.job_id,
            self._begun(job, now),
            set_if_absent=_received(job, now),
            condition="attribute_not_exists(outcome)",
        )
        return _entry(written or self._items.get(job.job_id))

    def reclaim_submission(self, job: Job, *, old: str, token: str, now: float) -> bool:
        """Claim in place of an attempt that surely submitted nothing."""
        values: dict[str, Value] = {"intent": token, "intent_at": now}
        condition = "intent = :old AND attribute_not_exists(provider_ref)"
        return bool(
            self._items.update(
                job.job_id, values, condition=condition, condition_values={":old": old}
            )
        )

    def release_claim(self, job: Job, *, token: str) -> None:
        """Take a claim back: the provider surely has nothing of ours."""
        self._items.update(
            job.job_id,
            {},
            remove=("intent", "intent_at"),
            condition="intent = :old AND attribute_not_exists(provider_ref)",
            condition_values={":old": token},
        )

    def record_submission(
        self, job: Job, *, provider_ref: str, rows: int, now: float
    ) -> SubmissionRecord:
        """Write down the provider's reference; the first one stands."""
        written = self._items.update(
            job.job_id,
            {"provider_ref": provider_ref, "submitted_at": now, "rows": rows},
            set_if_absent=_received(job, now),
            condition="attribute_not_exists(provider_ref)",
        )
        return _entry(written or self._items.get(job.job_id))

    def record_progress(self, job: Job, *, next_check_at: float) -> None:
        """Write down the last check, unless a later one or an end is there."""
        self._items.update(
            job.job_id,
            {
                "phase": str(job.phase),
                "polls": job.polls,
                "failures": job.failures,
                "next_check_at": next_check_at,
            },
            condition=f"attribute_not_exists(outcome) AND {_THIS_ATTEMPT} "
            "AND (attribute_not_exists(polls) OR polls < :polls)",
            condition_values={":attempt": job.attempt},
        )

    def record_outcome(self, job: Job, *, now: float) -> Outcome:
        """Write down how this attempt ended; the first outcome stands and comes back.

        An attempt that was given up for another one cannot end that one.
        """
        values: dict[str, Value] = {
            "outcome": str(job.outcome),
            "phase": str(job.phase),
            "polls": job.polls,
            "error": job.error,
            "advice": job.advice,
            "manifest_key": job.manifest_key,
            "bytes": sum(file.bytes for file in job.files),
            "invalid": job.invalid,
            "finished_at": job.finished_at,
            "ended_at": now,
            "expires_at": int(now + self._keep_seconds),
        }
        if job.batch.requests:  # of anything else they were written when it was sent
            values["rows"] = job.rows
        return self._end(job, values)

    def record_external_outcome(
        self, job: Job, outcome: Outcome, *, error: str = "", now: float
    ) -> Outcome:
        """Write down that an attempt was ended from outside, in mid-work.

        What its steps wrote before stays; the outcome that stands comes back.
        """
        values: dict[str, Value] = {
            "outcome": str(outcome),
            "error": error,
            "advice": advice_for(error) if error else "",
            "provider": job.provider,
            "type": job.type,
            "ended_at": now,
            "expires_at": int(now + self._keep_seconds),
        }
        return self._end(job, values, once=_received(job, now))

    def mark_notified(self, job: Job) -> None:
        """Write down that the end of this attempt was told, not by the workflow."""
        self._items.update(
            job.job_id,
            {"told": job.attempt},
            condition="attribute_not_exists(told) OR told < :told",
        )

    def _begun(self, job: Job, now: float) -> dict[str, Value]:
        return {
            "provider": job.provider,
            "type": job.type,
            "bucket": job.bucket,
            "key": job.key,
            "version_id": job.version_id,
            "expires_at": int(now + self._keep_seconds),
        }

    def _end(
        self,
        job: Job,
        values: dict[str, Value],
        *,
        once: dict[str, Value] | None = None,
    ) -> Outcome:
        written = self._items.update(
            job.job_id,
            values,
            set_if_absent=once,
            condition=f"attribute_not_exists(outcome) AND {_THIS_ATTEMPT}",
            condition_values={":attempt": job.attempt},
        )
        item = written or self._items.get(job.job_id)
        if int(item.get("attempt", 1)) == job.attempt:
            return Outcome(str(item["outcome"]))
        ends = {
            past["attempt"]: Outcome(past["outcome"])
            for past in json.loads(str(item["earlier"]))
        }
        return ends[job.attempt]


def _received(job: Job, now: float) -> dict[str, Value]:
    if job.part.batch_id:  # listed by its batch
        return {"received_at": now}
    return {"received_at": now, "month": month_of(now)}


def _entry(item: Item) -> SubmissionRecord:
    return SubmissionRecord(
        received_at=float(item.get("received_at", 0.0)),
        intent=str(item.get("intent", "")),
        intent_at=float(item.get("intent_at", 0.0)),
        provider_ref=str(item.get("provider_ref", "")),
        submitted_at=float(item.get("submitted_at", 0.0)),
        rows=int(item.get("rows", 0)),
    )
