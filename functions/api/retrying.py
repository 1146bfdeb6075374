"""Retrying: start the next attempt of an ended job, which continues the last one."""

from functions.api import problems
from functions.api.erasing import writes_until
from functions.api.problems import Problem
from functions.api.request import ApiRequest
from functions.api.responses import Document, rfc3339
from functions.api.routes import RETRYABLE_OUTCOMES
from functions.api.service import JobService
from functions.api.unjoined import job_to_join
from functions.aws.rereading import Rereadings, may_be_paid
from functions.core.job_record import JobRecord
from functions.core.model import Outcome
from functions.core.provider_settings import LIST_PROVIDERS
from functions.core.upload_options import ListOptions


def retry_job(service: JobService, request: ApiRequest, *, now: float) -> Document:
    """Start the next attempt of a job, and return the job.

    An attempt that was never started is started instead. A list of which nothing was
    sent is read as the request says.

    Raises:
        Problem: The job has not ended, cannot be retried or was erased, or its list
            cannot be read in another way any more.
    """
    record = service.find(request, now=now)
    asked = ListOptions.from_request(request.body)
    if asked and record.provider not in LIST_PROVIDERS:
        rule = f"is for lists, which {record.provider} does not take"
        raise problems.invalid(f"/{next(iter(request.body))}", rule)
    if record.erase_began_at:
        raise Problem(problems.JOB_ERASED)
    if not record.outcome and service.record_end(record, now=now):
        record = service.get_or_404(record.job_id)
    if record.outcome is Outcome.CANCELLED:
        # Who cancelled it may have failed before the execution was stopped.
        service.executions.stop(record.execution_name)
    if record.outcome:
        record = _restarted(service, record, asked, now=now)
    said = ListOptions.from_record(record)
    if asked.or_else(said) != said:
        # Another retry was faster, or the first attempt was never started.
        raise Problem(problems.OPTIONS_TOO_LATE)
    # What is fetched already is joined, without asking the provider for anything.
    service.executions.start(job_to_join(record, service.results) or record.to_job())
    return service.to_response(record, request)


def _restarted(
    service: JobService, record: JobRecord, asked: ListOptions, *, now: float
) -> JobRecord:
    """Return an ended job with its next attempt, which is to be started."""
    has_open_requests = record.resendable or record.resumable
    may_go_on = has_open_requests or job_to_join(record, service.results)
    if record.outcome not in RETRYABLE_OUTCOMES and not may_go_on:
        raise Problem(problems.JOB_NOT_RETRYABLE, outcome=str(record.outcome))
    if not record.provider_ref:
        # `finalize_execution` records it, too, but may come later.
        stopped = service.executions.find(record.execution_name)
        if stopped and stopped.job:
            service.job_store.record_reference(stopped.job)
    if asked:
        record = _reread(service, record, asked, now=now)
    restarted = service.job_store.restart(record, now=now)
    if restarted is None:
        # Another retry came first, and may have failed before it started this.
        restarted = service.get_or_404(record.job_id)
        if restarted.outcome or service.executions.find(restarted.execution_name):
            raise Problem(problems.JOB_RUNNING)
    return restarted


def _reread(
    service: JobService, record: JobRecord, asked: ListOptions, *, now: float
) -> JobRecord:
    """Return a job whose list is read in another way from its next attempt on.

    Raises:
        Problem: Something of it may be paid for; or a step may still be reading it as
            before, whose work files the next attempt would take for its own.
    """
    if may_be_paid(record) or record.latest_manifest_key:
        raise Problem(problems.OPTIONS_TOO_LATE, _PAID)
    # The work files of a list that was prepared have their versions in the record.
    quiet_at = 0.0 if record.prepared_list.key else writes_until(service, record)
    if now < quiet_at:
        raise Problem(
            problems.JOB_RUNNING,
            "It was stopped, and a step may still read it as before: retry it after "
            f"{rfc3339(quiet_at)}.",
        )
    reread = Rereadings.from_environment().begin(record, asked)
    if reread is None:
        raise Problem(problems.OPTIONS_TOO_LATE, _PAID)
    return reread


_PAID = (
    "Something of the job may have been sent, or another attempt has begun: the rows "
    "of two columns must not be mixed, and none is paid for twice."
)
