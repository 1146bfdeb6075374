"""Job store: read and write the jobs table, in which recorded facts are never undone.

An item holds what identifies the job; `intent` (the token of the try that submits, or
has submitted, written right before it) and `intent_at`; `provider_ref` and
`submitted_at`, each set once; the last progress; and `outcome`, set once for each
attempt. Every write has a condition, so that a repeated, late or overlapping call
changes nothing.
"""

import json
from collections.abc import Mapping

from functions.aws.dynamodb import Value
from functions.aws.job_items import (
    HOLD,
    OF_THIS_EXECUTION,
    RUNNING,
    JobsTable,
    held,
    identity_of,
    next_check_of,
    prepared,
    received,
    resent,
    source_of,
    submitted,
    webhook_status_of,
)
from functions.core.errors import JobEnded, advice_for
from functions.core.job_record import End, JobRecord, SubmissionRecord
from functions.core.model import Job, Outcome, Phase
from functions.core.rows import RowCount

#: Attributes of one attempt, which a retry removes.
_ATTEMPT_ATTRIBUTES = (
    "execution",
    "outcome",
    "error",
    "advice",
    "ended_at",
    "finished_at",
    "polls",
    "failures",
    "next_check_at",
    "next_check_reason",
    "forecast",
    *HOLD,
    "manifest_key",
    "error_key",
    "late",
    "timed_out_at",
    "late_check_at",
    "verdict",
    "approve_until",
)


class JobStore(JobsTable):
    """The records of jobs and of their submissions."""

    def get(self, job_id: str) -> JobRecord | None:
        """Return a job's record; None where there is no such job.

        A request of a batch is no job, although the table has an item for it.
        """
        record = JobRecord.from_item(self._table.get(job_id))
        return record if record.job_id and not record.is_batch_request else None

    def record(self, job: Job) -> JobRecord:
        """Return what is recorded of a job, or of a request of one."""
        return JobRecord.from_item(self._table.get(job.job_id))

    def create_requested(
        self,
        job: Job,
        *,
        request_hash: str,
        remarks: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        now: float,
    ) -> JobRecord:
        """Write a job requested through the API; return the record that came first.

        The first `remarks`, its `name` and its `label`, are kept, whoever wrote it.
        `options` are what the job is run by: only its first record has them.
        """
        values: dict[str, Value] = {
            "provider": job.provider,
            "type": job.type,
            "request_hash": request_hash,
            **received(job, now),
            "expires_at": self._expires_at(now),
        }
        if job.provider_ref:
            values |= {"provider_ref": job.provider_ref, "submitted_at": now}
        else:
            values |= source_of(job)
        written = self._table.update(
            job.job_id,
            {**values, **(remarks or {}), **(options or {})},
            condition="attribute_not_exists(job_id)",
        )
        if written is None and remarks:
            written = self._table.update(
                job.job_id,
                {},
                set_if_absent=remarks,
                condition="attribute_exists(job_id) "
                "AND attribute_not_exists(erase_began_at)",
            )
        return JobRecord.from_item(written or self._table.get(job.job_id))

    def restart(
        self, record: JobRecord, *, now: float, late: bool = False
    ) -> JobRecord | None:
        """Start an ended job's next attempt; None where another call was faster.

        The outcome moves to `earlier`; what was submitted stays submitted. `late` is
        whether the sweep starts it.
        """
        values: dict[str, Value] = {
            "attempt": record.attempt + 1,
            "resumed_at": now,
            "earlier": record.attempts_json(),
            "expires_at": self._expires_at(now),
            **(record.late_attributes(now) if late else {}),
        }
        if record.phase is Phase.QUOTED:  # it is not, until it is prepared again
            values["phase"] = str(Phase.QUEUED)
        written = self._table.update(
            record.job_id,
            values,
            remove=tuple(name for name in _ATTEMPT_ATTRIBUTES if name not in values),
            condition="outcome = :ended AND attribute_not_exists(erase_began_at) "
            "AND (attribute_not_exists(attempt) OR attempt = :ended_attempt)",
            condition_values={
                ":ended": str(record.outcome),
                ":ended_attempt": record.attempt,
            },
        )
        return JobRecord.from_item(written) if written else None

    def create(self, job: Job, *, now: float) -> SubmissionRecord:
        """Write a job, unless it has ended; return what is recorded of it.

        Raises:
            JobEnded: The job, or its batch, has ended, and no try is left whose
                submission could be unknown.
        """
        self._require_running_batch(job)
        written = self._table.update(
            job.job_id,
            self._identity(job, now),
            set_if_absent=received(job, now),
            condition=RUNNING,
            condition_values={":attempt": job.attempt},
        )
        if written is not None:
            return SubmissionRecord.from_item(written)
        return self._running_or_unknown(job)

    def submission(self, job: Job) -> SubmissionRecord:
        """Return what is recorded of a job's submission."""
        return SubmissionRecord.from_item(self._table.get(job.job_id))

    def require_running(self, job: Job) -> None:
        """Check that neither the job nor the batch of which it is a part has ended.

        Raises:
            JobEnded: One of them has.
        """
        if self.submission(job).has_ended(job):
            raise _job_ended()
        self._require_running_batch(job)

    def claim_submission(
        self, job: Job, *, token: str, old: str = "", now: float
    ) -> SubmissionRecord:
        """Record that a try submits from now on, unless another one does or did.

        The claim is ours only if the returned record has our token as its intent.
        `old` is another try's claim that is to be replaced.

        Raises:
            JobEnded: As in `create`.
        """
        written = self._table.update(
            job.job_id,
            {
                **self._identity(job, now),
                **prepared(job),
                **resent(job, old),
                "intent": token,
                "intent_at": now,
            },
            set_if_absent=received(job, now),
            condition="(attribute_not_exists(intent) OR intent = :old) "
            f"AND attribute_not_exists(provider_ref) AND {RUNNING}",
            condition_values={":old": old or token, ":attempt": job.attempt},
        )
        record = (
            SubmissionRecord.from_item(written)
            if written is not None
            else self._running_or_unknown(job, known=old)
        )
        if record.intent == token:
            self._confirm_claim(job, token)
        return record

    def release_claim(self, job: Job, *, token: str) -> None:
        """Remove our claim: the provider surely accepted nothing."""
        self._table.update(
            job.job_id,
            {},
            remove=("intent", "intent_at"),
            condition="intent = :old AND attribute_not_exists(provider_ref)",
            condition_values={":old": token},
        )

    def record_submission(
        self, job: Job, *, provider_ref: str, count: RowCount, now: float
    ) -> SubmissionRecord:
        """Record the provider's reference; the first one stands and is returned."""
        written = self._table.update(
            job.job_id,
            {
                "provider_ref": provider_ref,
                "submitted_at": now,
                "rows": count.rows,
                "distinct_rows": count.distinct_rows,
            },
            set_if_absent=received(job, now),
            remove=HOLD,
            condition="attribute_not_exists(provider_ref)",
        )
        return SubmissionRecord.from_item(written or self._table.get(job.job_id))

    def record_prepared(self, job: Job, *, quote: Mapping[str, object]) -> None:
        """Record what Prepare made of a list, unless the attempt has ended.

        A later attempt that does not prepare the list anew gets it from here. Once a
        submission is claimed, what the claim says is sent stands.
        """
        self._table.update(
            job.job_id,
            {**prepared(job), "quote": json.dumps(quote, ensure_ascii=False)},
            condition=f"{RUNNING} AND attribute_not_exists(intent)",
            condition_values={":attempt": job.attempt},
        )

    def record_batch(self, job: Job) -> None:
        """Record how much later a batch's deadline is, unless the attempt has ended."""
        self._table.update(
            job.job_id,
            {"sending_seconds": job.batch.sending_seconds},
            condition=RUNNING,
            condition_values={":attempt": job.attempt},
        )

    def record_reference(self, job: Job) -> None:
        """Record the reference of a job's state, where Submit could not record it."""
        if job.provider_ref:
            self._table.update(
                job.job_id,
                submitted(job),
                condition="attribute_exists(job_id) "
                "AND attribute_not_exists(provider_ref)",
            )

    def record_hold(self, job: Job) -> None:
        """Record the error that a job, or a batch by its request, waits out."""
        self._table.update(
            job.part.batch_id or job.job_id,
            {},
            set_if_absent=held(job),
            condition="attribute_exists(job_id) AND attribute_not_exists(outcome)",
        )

    def clear_hold(self, job: Job) -> None:
        """Record that a job, or the batch of a request, waits out no error any more."""
        self._table.update(
            job.part.batch_id or job.job_id,
            {},
            remove=HOLD,
            condition="held_since > :zero",
            condition_values={":zero": 0},
        )

    def record_progress(self, job: Job, *, next_check_at: float) -> None:
        """Record the last check, unless a later check or an outcome is recorded.

        With it goes the provider's reference, where Submit could not record it.
        """
        self._table.update(
            job.job_id,
            {
                "phase": str(job.phase),
                "polls": job.polls,
                "failures": job.failures,
                "next_check_at": next_check_at,
                **next_check_of(job),
                **webhook_status_of(job),
            },
            set_if_absent=submitted(job) | held(job),
            remove=() if job.held_for else HOLD,
            condition=f"{RUNNING} AND (attribute_not_exists(polls) OR polls < :polls)",
            condition_values={":attempt": job.attempt},
        )

    def record_outcome(self, job: Job, *, now: float) -> End:
        """Record how this attempt ended; return the end that stands, the first.

        An attempt that was given up for another one cannot end that one. The provider's
        reference goes with it, as in `record_progress`.
        """
        values: dict[str, Value] = {
            "outcome": str(job.outcome),
            "phase": str(job.phase),
            "polls": job.polls,
            "error": job.error,
            "advice": job.advice,
            "manifest_key": job.manifest_key,
            "error_key": job.error_key,
            "verdict": str(job.verdict),
            "bytes": sum(file.bytes for file in job.files),
            "invalid": job.invalid,
            "finished_at": job.finished_at,
            "ended_at": now,
            "expires_at": self._expires_at(now),
        }
        if job.batch.requests:  # all other jobs had them recorded when submitted
            values |= {
                "rows": job.rows,
                "resendable": job.batch.resendable,
                "resumable": job.batch.resumable,
            }
        return self._end(job, values, set_if_absent=submitted(job))

    def record_external_outcome(
        self,
        job: Job,
        outcome: Outcome,
        *,
        error: str = "",
        execution: str = "",
        now: float,
    ) -> End:
        """Record the outcome of an externally stopped attempt; return what stands.

        What the attempt's steps recorded before stays. An `execution`, if it is given,
        ends only the attempt that it follows; for any other one nothing is recorded.
        """
        values: dict[str, Value] = {
            "outcome": str(outcome),
            "error": error,
            "advice": advice_for(error) if error else "",
            "ended_at": now,
            **self._identity(job, now),
        }
        return self._end(
            job, values, set_if_absent=received(job, now), execution=execution
        )

    def mark_notified(self, job: Job) -> None:
        """Record that `finalize_execution` announced the end of this attempt."""
        self._table.update(
            job.job_id,
            {"told": job.attempt},
            condition="attribute_not_exists(told) OR told < :told",
        )

    def _identity(self, job: Job, now: float) -> dict[str, Value]:
        return {**identity_of(job), "expires_at": self._expires_at(now)}

    def _end(
        self,
        job: Job,
        values: dict[str, Value],
        *,
        set_if_absent: dict[str, Value] | None = None,
        execution: str = "",
    ) -> End:
        if values["outcome"] == Outcome.TIMED_OUT:
            # It may finish yet: `functions.sweep` looks at it from now on.
            values["late_check_at"] = values["ended_at"]
            set_if_absent = {
                **(set_if_absent or {}),
                "timed_out_at": values["ended_at"],
            }
        condition = RUNNING
        condition_values: dict[str, Value] = {":attempt": job.attempt}
        if execution:
            condition += f" AND {OF_THIS_EXECUTION}"
            condition_values[":execution"] = execution
        written = self._table.update(
            job.job_id,
            values,
            set_if_absent=set_if_absent,
            condition=condition,
            condition_values=condition_values,
        )
        record = JobRecord.from_item(written or self._table.get(job.job_id))
        is_of_another = execution and record.execution not in ("", execution)
        # An outcome that stands kept out a reference that only the state has.
        if not record.provider_ref and not is_of_another:
            self.record_reference(job)
        return record.end_of(job.attempt)

    def _running_or_unknown(self, job: Job, *, known: str = "") -> SubmissionRecord:
        """Return what is recorded of a job that runs, or whose submission is unknown.

        An intent without a reference may be paid for: it is looked for even after the
        end. `known` is an intent of which it is known that it is not.
        """
        record = self.submission(job)
        is_known = record.provider_ref or record.intent in ("", known)
        if record.has_ended(job) and is_known:
            raise _job_ended()
        return record

    def _confirm_claim(self, job: Job, token: str) -> None:
        """Release our claim if the batch of which the job is a part has ended.

        The batch's outcome is in another item, which the claim's condition cannot
        read. Read after the claim it leaves no gap: whoever ends the batch later than
        that ends it after the submission began.
        """
        try:
            self._require_running_batch(job)
        except JobEnded:
            self.release_claim(job, token=token)
            raise

    def _require_running_batch(self, job: Job) -> None:
        if job.is_batch_request and self._table.get(job.part.batch_id).get("outcome"):
            raise _job_ended()


def _job_ended() -> JobEnded:
    return JobEnded("the job has ended, so nothing is sent")
