"""Job service: carry out the operations of the API."""

import re
from dataclasses import asdict, dataclass

from functions.api import cursor, problems, responses
from functions.api.approver import Approver
from functions.api.delivery import Delivery
from functions.api.execution_history import ExecutionHistory
from functions.api.job_query import JobFilters, JobQuery
from functions.api.job_request import job_from_request, remarks_of_request
from functions.api.presigned import PresignedUrls
from functions.api.problems import Problem
from functions.api.request import ApiRequest
from functions.api.responses import Document
from functions.api.routes import DEFAULT_PAGE_SIZE
from functions.api.upload_form import upload_form
from functions.aws import telemetry
from functions.aws.executions import Executions, execution_url
from functions.aws.idempotency_keys import IdempotencyKeys
from functions.aws.job_store import JobStore
from functions.aws.results import Results
from functions.aws.settings import FunctionSettings
from functions.core import identity
from functions.core.job_record import JobRecord
from functions.core.metrics import Metric
from functions.core.model import Job, Outcome
from functions.core.upload_options import ListOptions


@dataclass(frozen=True, kw_only=True)
class JobService:
    """The operations of `functions.api.routes`, one method each.

    Each returns its response document and raises `Problem` for a request that it does
    not carry out.
    """

    job_store: JobStore
    approver: Approver
    idempotency_keys: IdempotencyKeys
    job_query: JobQuery
    executions: Executions
    history: ExecutionHistory
    results: Results
    presigned_urls: PresignedUrls
    settings: FunctionSettings

    def create_upload(self, request: ApiRequest, *, now: float) -> Document:
        """Return a form that uploads one file, under a key of its own."""
        return upload_form(
            request, self.settings, presigned_urls=self.presigned_urls, now=now
        )

    def start_job(self, request: ApiRequest, *, now: float) -> Document:
        """Start a job and return it, or return the one that was started before."""
        job = job_from_request(request, self.settings)
        asked = ListOptions.from_request(request.body)
        if request.idempotency_key:
            job = self._job_of_key(job, request, now=now)
        record = self.job_store.create_requested(
            job,
            request_hash=request.body_hash,
            remarks=remarks_of_request(request, self.settings),
            options=asked.to_item(),
            now=now,
        )
        if record.request_hash not in ("", request.body_hash):
            raise Problem(problems.KEY_REUSED)
        if asked and ListOptions.from_record(record) != asked:
            raise Problem(problems.OPTIONS_TOO_LATE)
        if not (record.outcome or record.execution) and record.attempt == 1:
            # Also for a repeated request: the first one may have failed here.
            started = self.executions.start(record.to_job())
            if started and record.received_at == now:
                telemetry.count(Metric.JOBS_STARTED, job)
        return self.to_response(record, request)

    def list_jobs(self, request: ApiRequest, *, now: float) -> Document:
        """Return a page of jobs, newest first."""
        query = dict(request.query)
        cursor_text = query.pop("cursor", "")
        limit = query.pop("limit", DEFAULT_PAGE_SIZE)
        filters = JobFilters(**query)
        if filters.day and not responses.is_calendar_day(filters.day):
            raise problems.invalid("day", "is not a calendar day")
        filter_values = asdict(filters)
        try:
            start = cursor.decode(cursor_text, filter_values) if cursor_text else None
        except cursor.CursorUnreadable:
            raise problems.invalid(
                "cursor", "is not of a list with these filters"
            ) from None
        page = self.job_query.page(filters, start=start, limit=limit, now=now)
        return {
            "jobs": [self.to_response(record, request) for record in page.records],
            "next": cursor.encode(page.next, filter_values) if page.next else None,
        }

    def get_job(self, request: ApiRequest, *, now: float) -> Document:
        """Return a job, by one read of the table."""
        return self.to_response(self.find(request, now=now), request)

    def get_timeline(self, request: ApiRequest, *, now: float) -> Document:
        """Return the states that a job's current attempt passed."""
        record = self.find(request, now=now)
        return responses.timeline_response(
            record, self.history.timeline(record.execution_name)
        )

    def get_results(self, request: ApiRequest, *, now: float) -> Document:
        """Return the manifest of a job with results, and links to its files."""
        return self._delivery.results_of(self.find(request, now=now), now=now)

    def get_error(self, request: ApiRequest, *, now: float) -> Document:
        """Return a link to what the provider said about an attempt that failed."""
        record = self.find(request, now=now)
        attempt = request.query.get("attempt", record.attempt)
        return self._delivery.error_of(record, attempt, now=now)

    def cancel_job(self, request: ApiRequest, *, now: float) -> Document:
        """End a job now and return it.

        The outcome is recorded before the execution is stopped, so that it cannot end
        in another way. `functions.finalize_execution` sends the notice, or the workflow
        itself if it can no longer be stopped, or was never started.
        """
        record = self.find(request, now=now)
        job = record.to_job()
        outcome = (
            record.outcome
            or (
                self.job_store.record_external_outcome(job, Outcome.CANCELLED, now=now)
            ).outcome
        )
        if outcome is Outcome.CANCELLED:
            # Also for a repeated request: the first one may have failed here.
            is_there = self.executions.stop(record.execution_name)
            if not is_there and not record.execution:
                self.executions.start(job)  # it only announces the end
        if record.outcome or outcome is not Outcome.CANCELLED:
            raise Problem(problems.JOB_ENDED, outcome=str(outcome))
        return self.to_response(self.get_or_404(record.job_id), request)

    def approve_job(self, request: ApiRequest, *, now: float) -> Document:
        """Approve what a job would send, and return the job, which goes on."""
        record = self.approver.approve(self.find(request, now=now), now=now)
        return self.to_response(record, request)

    @property
    def _delivery(self) -> Delivery:
        return Delivery(
            bucket=self.settings.results_bucket,
            results=self.results,
            presigned_urls=self.presigned_urls,
        )

    def record_end(self, record: JobRecord, *, now: float) -> bool:
        """Record the outcome of an attempt that could not do so, as *Unrecorded*.

        Return False if it was never started.
        """
        job = record.to_job()
        execution = self.executions.find(record.execution_name)
        if execution is None:
            return False
        if not execution.outcome:
            raise Problem(problems.JOB_RUNNING)
        self.job_store.record_external_outcome(
            job, execution.outcome, error=execution.outcome_error, now=now
        )
        return True

    def _job_of_key(self, job: Job, request: ApiRequest, *, now: float) -> Job:
        """Return the job for a request with an idempotency key, which has one body."""
        key = request.idempotency_key
        # 0.1.0 took the quotes, and the escapes between them, for a part of it.
        quoted = re.sub(r'(["\\])', r"\\\1", key)
        for text in (key, f'"{quoted}"'):
            own_id = identity.of_request(request.caller, text)
            if self.job_store.get(own_id) is not None:
                # A fresh job, or one of 0.1.0, which made a job for each key.
                return job.with_(job_id=own_id)
        first = self.idempotency_keys.use(
            request.caller,
            key,
            request_hash=request.body_hash,
            now=now,
        )
        if first != request.body_hash:
            raise Problem(problems.KEY_REUSED)
        return job

    def find(self, request: ApiRequest, *, now: float) -> JobRecord:
        """Return the job whose id, or its first digits, a request names."""
        return self.get_or_404(self.job_query.whole_id(request.job_id, now=now))

    def get_or_404(self, job_id: str) -> JobRecord:
        """Return the job with a whole id."""
        record = self.job_store.get(job_id)
        if record is None:
            raise Problem(problems.JOB_NOT_FOUND)
        return record

    def to_response(self, record: JobRecord, request: ApiRequest) -> Document:
        """Return the document of a job."""
        provider = self.settings.providers.get(record.provider)
        return responses.job_response(
            record,
            deadline_seconds=provider.poll.deadline_seconds if provider else 0.0,
            show_file_names=self.settings.show_file_names,
            jobs=request.jobs,
            execution_url=execution_url(
                self.settings.state_machine, record.execution_name
            ),
        )
