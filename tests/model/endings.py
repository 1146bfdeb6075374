"""Endings: let misfortune end, and see that every job comes to its end."""

from collections.abc import Iterator

from functions.core.job_record import JobRecord
from functions.core.schedule import DAY_SECONDS
from tests.model.people import People, Upload, jobs, notices
from tests.world.world import World

#: More sweeps, a day apart, than there are days in which a late job is looked at.
_SWEEPS = 12
_BAD_STATUSES = ("FAILED", "TIMED_OUT", "ABORTED")


def misfortune_ends(world: World) -> None:
    """Let every call, clock and webhook be as it should be from now on."""
    world.injector.faults.clear()
    world.skew, world.lost_webhooks = {}, 0
    world.site.skew = world.skew
    for simulator in (world.site.ipqs, world.site.txncheck):
        simulator.behave(credits_back_at=0.0)
    world.site.ipqs.behave(list_lag_seconds=0.0)


def endings(people: People) -> Iterator[str]:
    """Let time pass to the end; yield what has none.

    What a person has to carry on is carried on: an event that nobody could process is
    sent again, and a job whose execution ended without an outcome is retried. There
    has to be a sign by which the person knows.
    """
    world = people.world
    world.run()
    for upload in people.uploads:
        if upload.asked and not _jobs_of(people, upload):
            if not (world.dead_letters or world.injector.injected):
                yield f"{upload.job.key} has no job, and nothing shows it"
            world.announce(upload.job)
    world.run()
    for record in jobs(world):
        if not record.outcome:
            yield from _carry_on(world, record)
    for _ in range(_SWEEPS):
        if any(record.late_check_at for record in jobs(world)):
            world.sweep()
            world.run(seconds=DAY_SECONDS)
    world.run()
    yield from _unended(world)


def _carry_on(world: World, record: JobRecord) -> Iterator[str]:
    execution = world.machine.executions.get(record.execution_name)
    if execution is not None and execution.status not in _BAD_STATUSES:
        yield f"{record.job_id:.8} has no outcome, and its execution {execution.status}"
    if execution is None and not world.injector.injected:
        yield f"{record.job_id:.8} was never started, and nothing failed"
    answer = world.call_api("POST", f"/jobs/{record.job_id}/retry")
    if answer.status != 202:
        yield f"{record.job_id:.8} cannot be carried on: {answer}"
    world.run()


def _unended(world: World) -> Iterator[str]:
    running = [
        each.name for each in world.machine.executions.values() if not each.is_over
    ]
    if running:
        yield f"executions do not end: {running}"
    told = {(notice["job_id"], notice["outcome"]) for notice in notices(world)}
    for record in jobs(world):
        if not record.outcome:
            yield f"{record.job_id:.8} does not end"
        elif (record.job_id, record.outcome) not in told and not any(
            "finalize" in letter for letter in world.dead_letters
        ):
            yield f"{record.job_id:.8} ended as {record.outcome}, and nobody was told"
        if record.late_check_at:
            yield f"{record.job_id:.8} is looked at for ever"


def _jobs_of(people: People, upload: Upload) -> list[JobRecord]:
    return [each for each in jobs(people.world) if people.upload_of(each) is upload]
