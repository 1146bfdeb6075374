"""Approval: decide whether a job waits for a person, and what follows its wait."""

import math
from dataclasses import dataclass
from enum import StrEnum

from functions.core.errors import ApprovalMissing
from functions.core.job_record import SubmissionRecord
from functions.core.model import Job, Next, Outcome, Phase
from functions.core.routing import end_job
from functions.core.schedule import DAY_SECONDS

#: A wait is looked at so often, should its end not have reached the execution.
_LOOK_SECONDS = 3600
#: An approval in time is recorded before the wait ends: the API takes 28 seconds for
#: one at most.
_LEEWAY_SECONDS = 120


class Reason(StrEnum):
    """Why a job waits for approval; what is not the asker's wish is a setting."""

    ASKED = "asked"
    ABOVE = "approve_above"
    DAILY = "daily_values"
    CREDITS = "approve_beyond_credits"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What is asked of a person, once a job is prepared.

    `values` is how many it would send (a batch: requests), `until` the time at which
    the job ends without an approval, in Unix seconds.
    """

    reason: Reason
    values: int
    since: float
    until: float

    @classmethod
    def needed(
        cls, reason: Reason, *, values: int, now: float, days: int
    ) -> "Approval":
        """Return the approval that is needed from now on, for some days."""
        until = now + days * DAY_SECONDS
        return cls(reason=reason, values=values, since=now, until=until)


def wait_for_approval(job: Job, *, until: float, now: float) -> Job:
    """Return the job as it waits for approval, or ended if nobody approved it."""
    left = until + _LEEWAY_SECONDS - now
    quoted = job.with_(phase=Phase.QUOTED)
    if left <= 0:
        return end_job(quoted, Outcome.FAILED, ApprovalMissing.__name__)
    return quoted.with_(
        next=Next.APPROVE, wait_seconds=math.ceil(min(left, _LOOK_SECONDS))
    )


def after_approval(job: Job, record: SubmissionRecord) -> Job:
    """Return the job as approved; its deadline counts from then on."""
    if not record.approved_at:
        return job
    resumed_at = max(job.resumed_at, record.approved_at)
    return job.with_(resumed_at=resumed_at, phase=Phase.QUEUED)
