"""Daily budget: count the values that all jobs of a day send to a provider.

An item of the jobs table, one for each provider and day (in UTC), has their number. A
job's own item says on which day it was counted, in the same transaction: so it is
counted once, however often that is tried.
"""

from datetime import UTC, datetime

from functions.aws.dynamodb import Update, Value
from functions.aws.job_items import THIS_ATTEMPT, JobsTable
from functions.core.job_record import SubmissionRecord
from functions.core.keys import BUDGET_ITEM_PREFIX
from functions.core.model import Job


class DailyBudget(JobsTable):
    """The values of each day's jobs, as they are let through."""

    def take(
        self,
        job: Job,
        record: SubmissionRecord,
        *,
        values: int,
        most: int | None = None,
        now: float,
    ) -> bool:
        """Count a job's values today; return whether they are counted, now or before.

        Where the day's jobs would have more than `most`, nothing is counted; None is
        for a job that is let through all the same.

        Raises:
            AwsUnavailable, AwsRefused: It is not known whether they are counted; to
                try again is safe.
        """
        if record.counted_on:
            return True
        day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
        counted: dict[str, Value] = {
            ":values": values,
            ":expires_at": self._expires_at(now),
        }
        has_room = ""
        if most is not None:
            counted[":room"] = most - values
            has_room = "sent_values <= :room"
            if values <= most:
                has_room += " OR attribute_not_exists(sent_values)"
        _, is_first = held = self._table.update_all(
            Update(
                key=f"{BUDGET_ITEM_PREFIX}{job.provider}:{day}",
                expression="SET expires_at = :expires_at ADD sent_values :values",
                values=counted,
                condition=has_room,
            ),
            Update(
                key=job.job_id,
                expression="SET counted_on = :day",
                values={":day": day, ":attempt": job.attempt},
                condition="attribute_exists(job_id) "
                f"AND attribute_not_exists(counted_on) AND {THIS_ATTEMPT}",
            ),
        )
        return all(held) or not is_first
