"""Manifest: the last object written, which says that the job is complete."""

import json
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from functions.core.errors import ResultsIncomplete
from functions.core.model import File, Job

#: Raised when a field changes its meaning; new fields do not change it.
SCHEMA_VERSION = 1

#: The kinds that hold every row, against which the others are held.
_WHOLE = ("all", "result")


class RowsVerdict(StrEnum):
    """Whether the rows that came back explain the rows that were sent."""

    COMPLETE = "complete"
    CONTRADICTORY = "contradictory"  # more rows came back than can be
    UNKNOWN = "unknown"  # nothing to hold them against


def build_manifest(job: Job) -> dict[str, Any]:
    """Say what a job brought; a pure function of the job, so that two are equal.

    Raises:
        ResultsIncomplete: Some results could not be fetched.
    """
    fetched = {file.kind: file.error for file in job.files}
    missing = {
        kind: error
        for kind in sorted({*job.kinds, *fetched})
        if (error := fetched.get(kind, "not tried"))
    }
    if missing:
        listed = ", ".join(f"{kind}: {error}" for kind, error in missing.items())
        raise ResultsIncomplete(f"not fetched: {listed}")

    return {
        "schema_version": SCHEMA_VERSION,
        "job_id": job.job_id,
        "provider": job.provider,
        "type": job.type,
        "provider_ref": job.provider_ref,
        "outcome": str(job.outcome),
        "source": {
            "bucket": job.bucket,
            "key": job.key,
            "version_id": job.version_id,
        },
        "files": [
            _file_entry(file) for file in sorted(job.files, key=lambda f: f.kind)
        ],
        "absent": sorted(job.absent),
        "rows": reconcile_rows(job),
        **_batch(job),
        "timing": {
            "received_at": job.received_at,
            "submitted_at": job.submitted_at,
            "finished_noticed_at": job.finished_at,
        },
        "checks": job.polls,
    }


def _batch(job: Job) -> dict[str, Any]:
    if not job.batch.requests:
        return {}
    outcomes = dict(job.batch.outcomes)
    return {"batch": {"requests": job.batch.requests, "outcomes": outcomes}}


def reconcile_rows(job: Job) -> dict[str, Any]:
    """Hold the rows that came back against those that were sent.

    A provider removes duplicates, so fewer rows may come back than were sent
    (`removed`), and `sent` is 0 where we did not submit the file ourselves.
    """
    rows = {file.kind: file.rows for file in job.files}
    whole = _whole(rows)
    removed = job.rows - whole if whole is not None and job.rows else None
    return {
        "sent": job.rows,
        "invalid": job.invalid,
        "received": rows,
        "removed": removed,
        "verdict": str(_verdict(job, rows)),
    }


def encode_manifest(document: dict[str, Any]) -> bytes:
    """Give a manifest's bytes: the same document, the same bytes."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=True)
    return text.encode() + b"\n"


def _whole(rows: dict[str, int]) -> int | None:
    return next((rows[kind] for kind in _WHOLE if kind in rows), None)


def _verdict(job: Job, rows: dict[str, int]) -> RowsVerdict:
    whole = _whole(rows)
    if whole is None:
        return RowsVerdict.UNKNOWN
    too_many = job.rows and whole > job.rows
    part_above_whole = any(count > whole for count in rows.values())
    nothing_left = job.rows > 0 and whole == 0
    if too_many or part_above_whole or nothing_left:
        return RowsVerdict.CONTRADICTORY
    return RowsVerdict.COMPLETE


def _file_entry(file: File) -> dict[str, Any]:
    entry = asdict(file)
    del entry["error"]
    return entry
