"""Holds: decide how long a job waits before the next try to submit it."""

import math
from dataclasses import dataclass

from functions.core.errors import DeadlinePassed, PermanentError
from functions.core.model import Job
from functions.core.routing import on_hold
from functions.core.schedule import Policy, retry_seconds


@dataclass(frozen=True, kw_only=True)
class Holds:
    """The reasons to put one job on hold; each method returns the job on hold.

    At its deadline the job is ended instead. `now` is in Unix seconds, `random` a
    number in [0, 1) for the jitter of waits.
    """

    job: Job
    policy: Policy
    now: float
    random: float

    def after_failure(
        self,
        *,
        hint: float | None = None,
        at_deadline: type[PermanentError] = DeadlinePassed,
    ) -> Job:
        """Wait after a call that failed; `hint` is the wait that the provider asks for.

        `at_deadline` is the error with which the job ends.
        """
        seconds = retry_seconds(
            self.job.failures + 1, policy=self.policy, random=self.random, hint=hint
        )
        return self._hold(self.job, seconds, failed=True, at_deadline=at_deadline)

    def for_slot(self, slot_at: float) -> Job:
        """Wait for the time at which the rate limit allows the submission."""
        return self._hold(
            self.job.with_(slot_at=slot_at), math.ceil(slot_at - self.now)
        )

    def for_listing(self, *, claimed_at: float, settle_seconds: float) -> Job:
        """Wait before the provider's list is searched again.

        The waits double, since the time of the claim, until `settle_seconds` after it.
        """
        elapsed = self.now - claimed_at
        doubled = min(max(elapsed, self.policy.first_seconds), self.policy.cap_seconds)
        return self._hold(self.job, min(doubled, settle_seconds - elapsed))

    def _hold(
        self,
        job: Job,
        seconds: float,
        *,
        failed: bool = False,
        at_deadline: type[PermanentError] = DeadlinePassed,
    ) -> Job:
        return on_hold(
            job,
            wait_seconds=seconds,
            policy=self.policy,
            now=self.now,
            failed=failed,
            at_deadline=at_deadline,
        )
