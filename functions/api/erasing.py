"""Erasing: delete what is stored of a job that has ended, as a person asks."""

from functions.api import problems
from functions.api.problems import Problem
from functions.api.request import ApiRequest
from functions.api.responses import Document, rfc3339
from functions.api.service import JobService
from functions.aws import clients, telemetry
from functions.aws.erasures import Erasures, delete_objects_of
from functions.core import identity
from functions.core.function_table import LONGEST_SECONDS
from functions.core.job_record import JobRecord
from functions.core.model import Outcome


def erase_job(service: JobService, request: ApiRequest, *, now: float) -> Document:
    """Delete what is stored of a job, and return the job.

    Of one with very many objects `erased_at` is null until the request was repeated
    often enough; after any failure, a repeated request goes on.

    Raises:
        Problem: The job has not ended, or was stopped so lately that a step may still
            write something.
    """
    record = service.find(request, now=now)
    if not record.outcome:
        raise Problem(problems.JOB_RUNNING, "Cancel it, or wait until it has ended.")
    if record.outcome is Outcome.CANCELLED:
        # Who cancelled it may have failed before the execution was stopped.
        service.executions.stop(record.execution_name)
    quiet_at = writes_until(service, record)
    if now < quiet_at:
        raise Problem(
            problems.JOB_RUNNING,
            "It was stopped, and a step may still be writing: erase it after "
            f"{rfc3339(quiet_at)}.",
        )
    erasures = Erasures.from_environment()
    begun = erasures.begin(record, now=now)
    if begun is None:
        raise Problem(problems.JOB_RUNNING, "Somebody has retried it just now.")
    is_all = delete_objects_of(
        begun,
        with_source=not _is_source_of_another(service, begun),
        inbox=service.settings.inbox_bucket,
        results=service.settings.results_bucket,
        s3=clients.s3(),
    )
    if is_all:
        begun = erasures.finish(begun, now=now)
    telemetry.logger.info("job erased", job_id=begun.job_id, is_all=is_all)
    return service.to_response(begun, request)


def writes_until(service: JobService, record: JobRecord) -> float:
    """Return until when a step may write for an ended job; 0 if none can.

    Only the execution of one that was stopped may have ended before its steps.
    """
    is_announced = record.notified_attempt == record.attempt
    ended_at = record.ended_at
    if record.outcome is Outcome.CANCELLED:
        if execution := service.executions.find(record.execution_name):
            ended_at = max(ended_at, execution.ended_at)
    elif not is_announced:
        return 0.0
    return ended_at + LONGEST_SECONDS


def _is_source_of_another(service: JobService, record: JobRecord) -> bool:
    """Return whether the upload has a job of its own, which is not erased.

    A job that was asked for as `fresh` has the same object.
    """
    own_id = identity.of_object(record.bucket, record.key, record.version_id)
    own = service.job_store.get(own_id) if own_id != record.job_id else None
    return own is not None and not own.erase_began_at
