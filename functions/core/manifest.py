"""Manifest: build the last object of a job; if it exists, the job is complete."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from functions.core.errors import ResultMismatch, ResultsIncomplete
from functions.core.model import Job
from functions.core.result_keys import COMPLETE_KINDS
from functions.core.rows import JOINED_KINDS, NOT_JOINED, RowCount, verdict_on

#: Increased when a field changes its meaning, not when a field is added. In version 2
#: `rows` counts the joined rows; of a job that is not joined, it is what it was.
SCHEMA_VERSION = 1
JOINED_SCHEMA_VERSION = 2


def build_manifest(
    job: Job,
    *,
    source: Mapping[str, str | None] | None = None,
    label: str = "",
    shard_errors: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the manifest of a job, which depends on nothing but the arguments.

    `source` is what there is to say of the job's file besides its place, `label` what
    was said of the job; both may be personal data, which a job does not hold.
    `shard_errors` are by the numbers of a list's shards that have no results.

    Raises:
        ResultsIncomplete: Some results could not be fetched, or of a list that is
            remembered there is nothing without the join that failed.
    """
    file_errors = {file.kind: file.error for file in job.files}
    missing = {
        kind: error
        for kind in sorted({*job.kinds, *file_errors})
        if (error := file_errors.get(kind, "not tried"))
    }
    if missing:
        reasons = ", ".join(f"{kind}: {error}" for kind, error in missing.items())
        raise ResultsIncomplete(f"not fetched: {reasons}")

    if job.joined.error and not job.files:
        raise ResultsIncomplete(f"there is no file but a join: {job.joined.error}")

    is_joined = job.joined != NOT_JOINED
    document: dict[str, Any] = {
        "schema_version": JOINED_SCHEMA_VERSION if is_joined else SCHEMA_VERSION,
        "job_id": job.job_id,
        "provider": job.provider,
        "type": job.type,
        "provider_ref": job.provider_ref,
        "outcome": str(job.outcome),
        "source": {
            "bucket": job.bucket,
            "key": job.key,
            "version_id": job.version_id,
            **(source or {}),
        },
        "files": [
            {name: value for name, value in asdict(file).items() if name != "error"}
            for file in sorted(job.files, key=lambda file: file.kind)
        ],
        "absent": sorted(job.absent),
        "rows": joined_rows(job) if is_joined else reconcile_rows(job),
        "timing": {
            "received_at": job.received_at,
            "submitted_at": job.submitted_at,
            "finished_noticed_at": job.finished_at,
        },
        "checks": job.polls,
    }
    if label:
        document["label"] = label
    if job.batch.requests:
        document["batch"] = {
            "requests": job.batch.requests,
            "outcomes": dict(job.batch.outcomes),
            **({"errors": dict(shard_errors)} if shard_errors else {}),
        }
    return document


def joined_rows(job: Job) -> dict[str, Any]:
    """Return what became of the records of a list; only the error if it is unjoined.

    `received` has the lines of the provider's files, which prove nothing.
    """
    joined = job.joined
    numbers = {name: value for name, value in asdict(joined).items() if name != "error"}
    numbers["unexpected_rows"] = list(joined.unexpected_rows)
    return {
        **({"join_error": joined.error} if joined.error else numbers),
        "invalid": job.invalid,
        "received": _received(job),
        "verdict": str(joined.verdict),
    }


def reconcile_rows(job: Job) -> dict[str, Any]:
    """Compare the rows of the results with the rows that were sent.

    `removed` is how many rows fewer were received, None if that cannot be computed: a
    provider may remove duplicates. `sent` is 0 if another client submitted the file.
    """
    received = _received(job)
    total = next((received[kind] for kind in COMPLETE_KINDS if kind in received), None)
    verdict = verdict_on(
        RowCount(job.rows, job.distinct_rows),
        total=total,
        largest=max(received.values(), default=0),
    )
    rows: dict[str, Any] = {
        "sent": job.rows,
        "invalid": job.invalid,
        "received": received,
        "removed": job.rows - total if total is not None and job.rows else None,
        "verdict": str(verdict),
    }
    if job.distinct_rows:  # otherwise as an earlier release wrote it
        rows["distinct"] = job.distinct_rows
    return rows


def _received(job: Job) -> dict[str, int]:
    """Return the lines after the header of each of the provider's files."""
    return {file.kind: file.rows for file in job.files if file.kind not in JOINED_KINDS}


def delivered_results(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest says about the results, whichever try wrote it.

    When and how often the provider was asked, and under which key the same content
    lies, differs from one execution of a job to the next.
    """
    files = manifest["files"]
    return {
        "job_id": manifest["job_id"],
        "outcome": manifest["outcome"],
        "absent": manifest["absent"],
        "files": {
            file["kind"]: (file["bytes"], file["rows"], file["sha256"])
            for file in files
        },
    }


def read_manifest(content: bytes) -> dict[str, Any]:
    """Return a stored manifest.

    Raises:
        ResultMismatch: It is none.
    """
    try:
        manifest = json.loads(content)
        delivered_results(manifest)
    except (ValueError, KeyError, TypeError):
        raise ResultMismatch("what is under the manifest's key is none") from None
    return dict(manifest)


def encode_manifest(document: dict[str, Any]) -> bytes:
    """Return a manifest's bytes, which are equal for equal documents."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=True)
    return text.encode() + b"\n"
