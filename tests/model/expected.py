"""Expected: what the API has to answer, by what is recorded before."""

from collections.abc import Iterator

from functions.core.job_record import JobRecord
from functions.core.model import Outcome
from tests.model.people import jobs
from tests.world.world import ApiResponse, World

_MAY_BE_RETRIED = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CANCELLED)


def status_of_retry(world: World, record: JobRecord) -> int:
    """Return how a retry has to be answered: whatever has ended badly goes on."""
    if record.outcome:
        may_go_on = record.outcome in _MAY_BE_RETRIED or (
            record.resendable or record.resumable
        )
        return 202 if may_go_on else 409
    execution = world.machine.executions.get(record.execution_name)
    return 409 if execution is not None and not execution.is_over else 202


def after_retry(world: World, before: JobRecord) -> Iterator[str]:
    """Yield what is wrong after an accepted retry: its execution has to run."""
    (record,) = (each for each in jobs(world) if each.job_id == before.job_id)
    execution = world.machine.executions.get(record.execution_name)
    if execution is None:
        yield f"a retry was accepted, and no execution is there: {record}"
    elif execution.is_over and not record.outcome:
        yield f"a retry was accepted, and its execution has ended: {record}"


def after_cancel(world: World, before: JobRecord, answer: ApiResponse) -> Iterator[str]:
    """Yield what is wrong after an answer to a cancellation."""
    (record,) = (each for each in jobs(world) if each.job_id == before.job_id)
    if answer.status not in (200, 409):
        yield f"a cancellation is answered {answer}"
    if not record.outcome:
        yield f"a cancellation is answered {answer.status}, and the job runs"
    if record.outcome is Outcome.CANCELLED:
        execution = world.machine.executions.get(record.execution_name)
        if execution is not None and not execution.is_over:
            yield "a job is cancelled, and its execution runs on"
