"""Holds: decide how long a job waits before the next try to submit it."""

import math
from dataclasses import dataclass

from functions.core.errors import CourierError, DeadlinePassed, OutOfCredits
from functions.core.model import Job
from functions.core.routing import held_for, on_hold
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
        at_deadline: type[CourierError] = DeadlinePassed,
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
        doubled = min(max(elapsed, self.policy.floor_seconds), self.policy.cap_seconds)
        return self._hold(self.job, min(doubled, settle_seconds - elapsed))

    def for_credits(self, *, ask_at: float) -> Job:
        """Wait until the provider may be asked whether there are credits again.

        A request of a batch waits until the deadline of the batch, which is later by
        the time that sending all of its requests takes: thousands would otherwise wait
        one after the other, each until a deadline of its own.
        """
        jitter = 1 + self.policy.jitter * self.random
        return self._hold(
            held_for(self.job, OutOfCredits, now=self.now),
            max(1.0, (ask_at - self.now) * jitter),
            at_deadline=OutOfCredits,
            since=self.job.part.waits_since,
        )

    def _hold(
        self,
        job: Job,
        seconds: float,
        *,
        failed: bool = False,
        at_deadline: type[CourierError] = DeadlinePassed,
        since: float = 0.0,
    ) -> Job:
        return on_hold(
            job,
            wait_seconds=seconds,
            policy=self.policy,
            now=self.now,
            failed=failed,
            at_deadline=at_deadline,
            since=since,
        )
