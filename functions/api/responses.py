"""Answers: what the API says of a job."""

from datetime import UTC, datetime
from typing import Any

from functions.api.routes import WITH_RESULTS
from functions.api.timeline import Timeline
from functions.core.job_record import JobRecord

Document = dict[str, Any]


def job_response(
    record: JobRecord, *, deadline_seconds: float, jobs: str, execution_url: str
) -> Document:
    """Say how a job is doing, by the schema `Job` of `functions.api.response_schemas`.

    `jobs` is the path of all jobs, `execution_url` its execution in the console.
    """
    running = not record.outcome
    self_ = f"{jobs}/{record.job_id}"
    links = {"self": self_, "execution": execution_url}
    if record.outcome in WITH_RESULTS:
        links["results"] = f"{self_}/results"
    since = max(record.submitted_at, record.resumed_at) or record.received_at
    return {
        "job_id": record.job_id,
        "provider": record.provider,
        "type": record.type,
        "provider_ref": record.provider_ref or None,
        "source": {"key": record.key, "version_id": record.version_id}
        if record.key
        else None,
        "phase": str(record.phase),
        "outcome": str(record.outcome) or None,
        "attempt": record.attempt,
        "checks": record.polls,
        "next_check_at": rfc3339(record.next_check_at) if running else None,
        "deadline_at": rfc3339(since + deadline_seconds) if running else None,
        "rows": record.rows or None,
        "invalid": record.invalid,
        "bytes": record.bytes,
        "received_at": rfc3339(record.received_at),
        "submitted_at": rfc3339(record.submitted_at),
        "finished_at": rfc3339(record.finished_at),
        "ended_at": rfc3339(record.ended_at),
        "error": {"name": record.error, "advice": record.advice}
        if record.error
        else None,
        "earlier_attempts": [
            {**past, "ended_at": rfc3339(past["ended_at"])} for past in record.earlier
        ],
        "links": links,
    }


def timeline_response(record: JobRecord, passed: Timeline) -> Document:
    """Say what a job did, by the schema `Timeline` of `functions.api.response_schemas`.

    Marks are what happened to the job, besides the states that it passed.
    """
    happened = [
        ("received", record.received_at),
        ("submitted", record.submitted_at),
        ("resumed", record.resumed_at),
        ("finished", record.finished_at),
        *(("woken", entry.left_at) for entry in passed.entries if entry.woken),
        ("ended", record.ended_at),
    ]
    return {
        "job_id": record.job_id,
        "attempt": record.attempt,
        "entries": [
            {
                "state": entry.state,
                "entered_at": rfc3339(entry.entered_at),
                "left_at": rfc3339(entry.left_at),
                "error": entry.error or None,
                "tries": entry.tries,
                "woken": entry.woken,
            }
            for entry in passed.entries
        ],
        "checks": [rfc3339(at) for at in passed.checks],
        "marks": [
            {"name": name, "at": rfc3339(at)}
            for name, at in sorted(happened, key=lambda mark: mark[1])
            if at
        ],
        "ended_at": rfc3339(passed.ended_at),
        "truncated": passed.truncated,
    }


def rfc3339(seconds: float) -> str | None:
    """Write a time as RFC 3339 does; 0 is no time."""
    if not seconds:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def is_calendar_day(text: str) -> bool:
    """Say whether the calendar has a day, written `2026-11-22`."""
    try:
        datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True
