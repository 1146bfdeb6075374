"""Unjoined: find what an attempt has fetched, but could not join, to join it again."""

import json
from typing import Any

from functions.aws.results import Results
from functions.core.job_record import JobRecord
from functions.core.model import Job, Next
from functions.core.result_keys import unjoined_key
from functions.core.rows import NOT_JOINED, RowsVerdict


def unjoined_attempt(record: JobRecord) -> int:
    """Return the attempt whose results a retry joins again; 0 where it does not.

    It is the last one that has delivered anything. A batch with requests that may be
    sent again or continued is joined after that.
    """
    if record.resendable or record.resumable:
        return 0
    current = {"attempt": record.attempt, "verdict": str(record.verdict)}
    # Records of an earlier release have no verdict.
    delivered: list[Any] = [
        attempt
        for attempt in (*record.earlier, current)
        if attempt.get("verdict", RowsVerdict.NONE) != RowsVerdict.NONE
    ]
    if not delivered or delivered[-1]["verdict"] != RowsVerdict.UNJOINED:
        return 0
    return int(delivered[-1]["attempt"])


def job_to_join(record: JobRecord, results: Results) -> Job | None:
    """Return the job with all that was fetched, so that its execution begins at Join.

    None where there is nothing to join, or Manifest, in an earlier release, has not
    kept it.
    """
    attempt = unjoined_attempt(record)
    if not attempt:
        return None
    key = unjoined_key(record.to_job().with_(attempt=attempt))
    stored = results.find(key, job_id=record.job_id)
    if stored is None:
        return None
    return Job.from_state(json.loads(results.read(stored))).with_(
        attempt=record.attempt,
        resumed_at=record.resumed_at,
        polls=0,
        next=Next.REPORT,
        joined=NOT_JOINED,
    )
