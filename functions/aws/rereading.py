"""Rereading: read a list in another way, if nothing of it may have been sent."""

from functions.aws.job_items import THIS_ATTEMPT, JobsTable
from functions.core.errors import SOURCE_FAULTS
from functions.core.job_record import JobRecord
from functions.core.upload_options import ListOptions

_NEVER_PAID = tuple(error.__name__ for error in SOURCE_FAULTS)
#: What an item has of the reading that came before, and of the consent to it.
_OF_READING = (
    *("prepared", "quote", "quoted_at", "approve_reason", "approve_values"),
    *("approved_at", "approved_values", "counted_on"),
)


class Rereadings(JobsTable):
    """The jobs whose lists are read in another way from the next attempt on."""

    def begin(self, record: JobRecord, asked: ListOptions) -> JobRecord | None:
        """Record how an ended job's list is to be read; return the job.

        What was prepared and quoted of the earlier reading is forgotten, and so is what
        was approved and counted of it. None where another attempt has begun, or
        something may have been sent.
        """
        written = self._table.update(
            record.job_id,
            {**asked.to_item()},
            remove=_OF_READING,
            condition=f"outcome = :outcome AND {THIS_ATTEMPT} "
            "AND attribute_not_exists(intent) AND attribute_not_exists(provider_ref) "
            "AND attribute_not_exists(resent) AND attribute_not_exists(erase_began_at)",
            condition_values={
                ":outcome": str(record.outcome),
                ":attempt": record.attempt,
            },
        )
        return JobRecord.from_item(written) if written else None


def may_be_paid(record: JobRecord, *, is_batch: bool = False) -> bool:
    """Return whether anything of a job may have been sent, in any of its attempts.

    Whether shards of a list, or requests of a batch, were sent, its own record does not
    say, and its error may be that of one among others: they may be, once they were
    prepared. Of a batch of an earlier release that is not recorded: it may be paid
    unless each attempt was ended by its source.
    """
    prepared = record.prepared_list
    has_parts = prepared.shards or (is_batch and prepared.sent)
    if record.provider_ref or record.intent or record.resent or has_parts:
        return True
    errors = [str(attempt["error"]) for attempt in record.earlier] + [record.error]
    return is_batch and not {*errors} <= {*_NEVER_PAID}
