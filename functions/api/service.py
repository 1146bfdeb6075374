"""Front door: what the API does with jobs, for whoever asks."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from functions.api import cursor, presigned, problems, responses
from functions.api.execution_history import ExecutionHistory
from functions.api.job_query import JobFilters, JobQuery
from functions.api.presigned import PresignedUrls
from functions.api.problems import Problem
from functions.api.request import ApiRequest
from functions.api.request_schemas import default_file_name
from functions.api.routes import DEFAULT_PAGE_SIZE, RETRYABLE_OUTCOMES, WITH_RESULTS
from functions.aws import telemetry
from functions.aws.executions import Executions, execution_url
from functions.aws.job_store import JobStore
from functions.aws.results import Results
from functions.aws.settings import FunctionSettings
from functions.core import identity
from functions.core.job_record import JobRecord
from functions.core.metrics import Metric
from functions.core.model import Job, Outcome
from functions.core.s3_events import S3Object, job_for

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class JobService:
    """The operations of `functions.api.routes`; all of them raise `Problem`."""

    job_store: JobStore
    job_query: JobQuery
    executions: Executions
    history: ExecutionHistory
    results: Results
    presigned_urls: PresignedUrls
    settings: FunctionSettings

    def create_upload(self, request: ApiRequest, *, now: float) -> Document:
        """Give a form for one file, under a key that nobody else was given."""
        body = request.body
        known = self.settings.providers[body["provider"]]
        most_bytes = known.max_upload_bytes
        name = body.get("name", default_file_name(known.extensions))
        key = f"{body['provider']}/{body['type']}/{uuid.uuid4().hex}/{name}"
        form = self.presigned_urls.upload_post(
            self.settings.inbox_bucket, key, most_bytes=most_bytes
        )
        return {
            **asdict(form),
            "expires_at": responses.rfc3339(now + presigned.UPLOAD_SECONDS),
            "max_bytes": most_bytes,
            "key": key,
            # The id follows from the version that S3 makes of the upload.
            "find_job": {
                "method": "POST",
                "href": request.jobs,
                "body": {"key": key, "version_id": "x-amz-version-id of S3's answer"},
            },
        }

    def start_job(self, request: ApiRequest, *, now: float) -> Document:
        """Start a job, unless it was started before; then give that one."""
        job = self._job_from_request(request)
        record = self.job_store.create_requested(
            job, request_hash=request.body_hash, now=now
        )
        if record.request_hash not in ("", request.body_hash):
            raise Problem(problems.KEY_REUSED)
        if not record.outcome and record.attempt == 1:
            # Also where it was received before: that call may have died here.
            started = self.executions.start(record.to_job())
            if started and record.received_at == now:
                telemetry.count(Metric.JOBS_STARTED, job)
        return self._to_response(record, request)

    def list_jobs(self, request: ApiRequest, *, now: float) -> Document:
        """Give a page of jobs, newest first."""
        query = dict(request.query)
        text, limit = query.pop("cursor", ""), query.pop("limit", DEFAULT_PAGE_SIZE)
        filters = JobFilters(**query)
        if filters.day and not responses.is_calendar_day(filters.day):
            wrong = {"pointer": "day", "detail": "is no day"}
            raise Problem(problems.REQUEST_INVALID, errors=(wrong,))
        bound = asdict(filters)
        try:
            start = cursor.decode(text, bound) if text else None
            page = self.job_query.page(filters, start=start, limit=limit, now=now)
        except cursor.CursorUnreadable:
            wrong = {
                "pointer": "cursor",
                "detail": "is not of a list with these filters",
            }
            raise Problem(problems.REQUEST_INVALID, errors=(wrong,)) from None
        return {
            "jobs": [self._to_response(record, request) for record in page.records],
            "next": cursor.encode(page.next, bound) if page.next else None,
        }

    def get_job(self, request: ApiRequest, *, now: float) -> Document:  # noqa: ARG002 - as all others
        """Say how a job is doing: one read."""
        return self._to_response(self._get_or_404(request), request)

    def get_timeline(self, request: ApiRequest, *, now: float) -> Document:  # noqa: ARG002 - as all others
        """Say which states a job's current attempt passed."""
        record = self._get_or_404(request)
        return responses.timeline_response(
            record, self.history.timeline(record.to_job())
        )

    def get_results(self, request: ApiRequest, *, now: float) -> Document:
        """Give the manifest of a job that ended well, and links to its files."""
        record = self._get_or_404(request)
        if record.outcome not in WITH_RESULTS:
            raise Problem(problems.RESULTS_NOT_READY)
        stored = self.results.find(record.manifest_key, job_id=record.job_id)
        if stored is None:
            raise Problem(problems.RESULTS_EXPIRED)
        manifest: Mapping[str, Any] = json.loads(self.results.read(stored))
        return {
            "job_id": record.job_id,
            "manifest": manifest,
            "links": [
                {
                    "kind": file["kind"],
                    "href": self.presigned_urls.download_url(
                        self.settings.results_bucket,
                        file["key"],
                        name=f"{record.job_id[:12]}-{PurePosixPath(file['key']).name}",
                    ),
                }
                for file in manifest["files"]
            ],
            "expires_at": responses.rfc3339(now + presigned.DOWNLOAD_SECONDS),
        }

    def cancel_job(self, request: ApiRequest, *, now: float) -> Document:
        """End a job now. The outcome comes first, so that no other can follow.

        The notice is sent by whoever sees the execution end: the workflow itself
        if it is past stopping, else `functions.finalize_execution`.
        """
        record = self._get_or_404(request)
        job = record.to_job()
        stands = record.outcome or self.job_store.record_external_outcome(
            job, Outcome.CANCELLED, now=now
        )
        if stands is Outcome.CANCELLED:
            # Also where it was cancelled before: that call may have died here.
            self.executions.stop(job)
        if record.outcome or stands is not Outcome.CANCELLED:
            raise Problem(problems.JOB_ENDED, outcome=str(stands))
        return self._to_response(self._get_or_404(request), request)

    def retry_job(self, request: ApiRequest, *, now: float) -> Document:
        """Start an ended job's next attempt, which goes on where the last one was."""
        record = self._get_or_404(request)
        if not record.outcome:
            if self.executions.exists(record.to_job()):
                raise Problem(problems.JOB_RUNNING)
            current = record  # whoever was to start it died before
        elif record.outcome not in RETRYABLE_OUTCOMES:
            raise Problem(problems.JOB_NOT_RETRYABLE, outcome=str(record.outcome))
        else:
            restarted = self.job_store.restart(record, now=now)
            if restarted is None:
                raise Problem(problems.JOB_RUNNING)
            current = restarted
        self.executions.start(current.to_job())
        return self._to_response(current, request)

    def _job_from_request(self, request: ApiRequest) -> Job:
        body = request.body
        if "provider_ref" in body:
            reference = (body["provider"], body["provider_ref"])
            job = Job(
                job_id=identity.of_reference(*reference),
                provider=body["provider"],
                type=body["type"],
                provider_ref=body["provider_ref"],
            )
        else:
            bucket = self.settings.inbox_bucket
            arrival = S3Object(bucket, body["key"], body["version_id"])
            arrived = job_for(arrival, types=self.settings.types)
            if arrived is None:
                wrong = {"pointer": "/key", "detail": "names no file to verify"}
                raise Problem(problems.REQUEST_INVALID, errors=(wrong,))
            job = arrived
        if request.idempotency_key:
            own = identity.of_request(request.caller, request.idempotency_key)
            job = job.with_(job_id=own)
        return job

    def _get_or_404(self, request: ApiRequest) -> JobRecord:
        record = self.job_store.get(request.job_id)
        if record is None:
            raise Problem(problems.JOB_NOT_FOUND)
        return record

    def _to_response(self, record: JobRecord, request: ApiRequest) -> Document:
        known = self.settings.providers.get(record.provider)
        return responses.job_response(
            record,
            deadline_seconds=known.policy.deadline_seconds if known else 0.0,
            jobs=request.jobs,
            execution_url=execution_url(self.settings.state_machine, record.to_job()),
        )
