"""Delivery: build the responses on what a job has in the results bucket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from functions.api import presigned, problems, responses
from functions.api.presigned import PresignedUrls
from functions.api.problems import Problem
from functions.api.responses import Document
from functions.aws.results import Results, StoredObject
from functions.core.job_record import JobRecord


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """The objects of jobs in the results bucket, and links to them."""

    bucket: str
    results: Results
    presigned_urls: PresignedUrls

    def results_of(self, record: JobRecord, *, now: float) -> Document:
        """Return the manifest of a job with results, and links to its files."""
        stored = self._find(
            record,
            record.latest_manifest_key,
            Problem(problems.RESULTS_NOT_READY, _end_of(record)),
            job_id=record.job_id,
        )
        manifest: Mapping[str, Any] = json.loads(self.results.read(stored))
        return {
            "job_id": record.job_id,
            "manifest": manifest,
            "links": [
                {"kind": file["kind"], "href": self._link(record, file["key"])}
                for file in manifest["files"]
            ],
            "expires_at": responses.rfc3339(now + presigned.DOWNLOAD_SECONDS),
        }

    def error_of(self, record: JobRecord, attempt: int, *, now: float) -> Document:
        """Return a link to what the provider said about an attempt that failed."""
        # Attempts of an earlier release have no key.
        keys = {each["attempt"]: each.get("error_key") for each in record.earlier}
        keys[record.attempt] = record.error_key
        detail = ""
        if attempt not in keys:
            detail = (
                f"The job has no attempt {attempt}: its latest is {record.attempt}."
            )
        elif attempt == record.attempt:
            detail = _end_of(record)
        unsaid = Problem(problems.NO_ERROR_DETAILS, detail)
        # It may be that of a shard, which has an id of its own.
        stored = self._find(record, str(keys.get(attempt) or ""), unsaid, job_id=None)
        return {
            "job_id": record.job_id,
            "attempt": attempt,
            "key": stored.key,
            "href": self._link(record, stored.key),
            "expires_at": responses.rfc3339(now + presigned.DOWNLOAD_SECONDS),
        }

    def _find(
        self,
        record: JobRecord,
        key: str,
        without_key: Problem,
        *,
        job_id: str | None,
    ) -> StoredObject:
        if record.erase_began_at:
            raise Problem(problems.JOB_ERASED)
        if not key:
            raise without_key
        stored = self.results.find(key, job_id=job_id)
        if stored is None:
            raise Problem(problems.RESULTS_EXPIRED)
        return stored

    def _link(self, record: JobRecord, key: str) -> str:
        name = f"{record.job_id[:12]}-{PurePosixPath(key).name}"
        return self.presigned_urls.download_url(self.bucket, key, name=name)


def _end_of(record: JobRecord) -> str:
    """Return how a job has ended, and where to read why."""
    if not record.outcome:
        return "The job has not ended yet."
    if not record.error:
        return f"The job has ended: {record.outcome}."
    return f"The job has ended: {record.outcome}. Its `error` says why, and what to do."
