"""Attempt store: let one execution follow an attempt of a job, the first to begin."""

from functions.aws.job_items import RUNNING, JobsTable, identity_of, received, submitted
from functions.core.errors import JobAlreadyStarted, JobEnded
from functions.core.job_record import JobRecord
from functions.core.model import Job

#: Holds where no execution has begun that 0.1.0 started: it recorded no execution, but
#: it was the first to write the item (except one of the API), its claim or its checks.
_NOT_BEGUN = (
    "attribute_not_exists(intent) AND attribute_not_exists(polls) AND "
    "(attribute_not_exists(received_at) OR attribute_exists(request_hash))"
)


class AttemptStore(JobsTable):
    """The executions of attempts."""

    def begin(self, job: Job, *, execution: str, now: float) -> float:
        """Record which execution follows this attempt; return when the job came.

        The execution that we start has the attempt's own name, which Step Functions
        gives away once. One that a person starts may have any name: it is the first,
        too, if nothing has begun. Beginning again under the same name changes nothing.

        Raises:
            JobAlreadyStarted: Another execution follows the attempt, or has followed
                it, or it is not the job's latest.
            JobEnded: The attempt was ended before it began, and nobody was told.
        """
        if job.is_batch_request:
            raise JobAlreadyStarted("a request is followed by its batch's execution")
        is_ours = execution == job.execution_name
        unknown = "attribute_not_exists(#execution)"
        first = unknown if is_ours else f"{unknown} AND {_NOT_BEGUN}"
        first_values = {**identity_of(job), **received(job, now), **submitted(job)}
        if job.provider_ref and not job.submitted_at:
            first_values["submitted_at"] = now
        written = self._table.update(
            job.job_id,
            {"execution": execution, "expires_at": self._expires_at(now)},
            set_if_absent=first_values,
            condition=f"{RUNNING} AND (#execution = :execution OR ({first}))",
            condition_values={":attempt": job.attempt},
        )
        if written is not None:
            return float(written["received_at"])
        record = JobRecord.from_item(self._table.get(job.job_id))
        recorded = record.execution or (job.execution_name if is_ours else "")
        is_told = record.notified_attempt >= job.attempt  # by `finalize_execution`
        if recorded == execution and record.attempt == job.attempt and not is_told:
            raise JobEnded("the job was ended before it began")
        raise JobAlreadyStarted("the job has an execution already")
