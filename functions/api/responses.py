"""Answers: what the API says of a job."""

from datetime import UTC, datetime
from typing import Any

from functions.api.routes import FRUITFUL
from functions.api.timeline import Timeline
from functions.core.job_record import Record

Document = dict[str, Any]


def job(
    record: Record, *, deadline_seconds: float, jobs: str, console: str
) -> Document:
    """Say how a job is doing, by the schema `Job` of `functions.api.response_schemas`.

    `jobs` is the path of all jobs, `console` where executions are shown.
    """
    running = not record.outcome
    current = record.job()
    self_ = f"{jobs}/{record.job_id}"
    links = {"self": self_, "execution": f"{console}:{current.execution_name}"}
    if record.outcome in FRUITFUL:
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
        "next_check_at": moment(record.next_check_at) if running else None,
        "deadline_at": moment(since + deadline_seconds) if running else None,
        "rows": record.rows or None,
        "invalid": record.invalid,
        "bytes": record.bytes,
        "received_at": moment(record.received_at),
        "submitted_at": moment(record.submitted_at),
        "finished_at": moment(record.finished_at),
        "ended_at": moment(record.ended_at),
        "error": {"name": record.error, "advice": record.advice}
        if record.error
        else None,
        "earlier_attempts": [
            {**past, "ended_at": moment(past["ended_at"])} for past in record.earlier
        ],
        "links": links,
    }


def timeline(record: Record, passed: Timeline) -> Document:
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
                "entered_at": moment(entry.entered_at),
                "left_at": moment(entry.left_at),
                "error": entry.error or None,
                "tries": entry.tries,
                "woken": entry.woken,
            }
            for entry in passed.entries
        ],
        "checks": [moment(at) for at in passed.checks],
        "marks": [
            {"name": name, "at": moment(at)}
            for name, at in sorted(happened, key=lambda mark: mark[1])
            if at
        ],
        "ended_at": moment(passed.ended_at),
        "truncated": passed.truncated,
    }


def moment(seconds: float) -> str | None:
    """Write a time as RFC 3339 does; 0 is no time."""
    if not seconds:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def is_day(text: str) -> bool:
    """Say whether the calendar has a day, written `2026-11-22`."""
    try:
        datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True
