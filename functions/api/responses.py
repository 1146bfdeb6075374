"""Responses: build the JSON documents that describe a job to the API's clients."""

from datetime import UTC, datetime
from typing import Any

from functions.api.expected_end import expected_end
from functions.api.timeline import Timeline
from functions.api.unjoined import unjoined_attempt
from functions.core.errors import advice_for
from functions.core.job_record import JobRecord
from functions.core.quote import quote_of
from functions.core.rows import RowsVerdict
from functions.core.upload_options import ListOptions

#: A JSON object that the API returns.
Document = dict[str, Any]
_ERASED_ADVICE = "The job was erased, and cannot be retried: upload the file again."
_EARLIER_ATTEMPT = ("attempt", "outcome", "error", "checks")


def job_response(
    record: JobRecord,
    *,
    deadline_seconds: float,
    show_file_names: bool,
    jobs: str,
    execution_url: str,
) -> Document:
    """Return the document `Job` of `functions.api.response_schemas`.

    `jobs` is the path of the list of jobs, `execution_url` the address of the job's
    current execution in the AWS console.
    """
    running = not record.outcome
    path = f"{jobs}/{record.job_id}"
    links = {"self": path, "execution": execution_url}
    is_erased = bool(record.erase_began_at)
    if record.latest_manifest_key and not is_erased:
        links["results"] = f"{path}/results"
    if record.error_key and not is_erased:
        links["error"] = f"{path}/error"
    waiting_since = max(record.submitted_at, record.resumed_at) or record.received_at
    deadline_at = waiting_since + deadline_seconds + record.sending_seconds
    return {
        "job_id": record.job_id,
        "provider": record.provider,
        "type": record.type,
        "name": (record.file_name if show_file_names else "") or None,
        "label": record.label or None,
        "provider_ref": record.provider_ref or None,
        "source": {"key": record.key, "version_id": record.version_id}
        if record.key
        else None,
        "phase": str(record.phase),
        "outcome": str(record.outcome) or None,
        "attempt": record.attempt,
        "late": record.late,
        "late_check_at": None if running else rfc3339(record.late_check_at),
        "checks": record.polls,
        **expected_end(record, rfc3339=rfc3339),
        "hold": {
            "error": record.held_for,
            "since": rfc3339(record.held_since),
            "advice": advice_for(record.held_for),
        }
        if running and record.held_for
        else None,
        "deadline_at": rfc3339(deadline_at)
        if running and not record.awaits_approval
        else None,
        "list_options": {
            "column": record.column or None,
            "header": ListOptions.from_record(record).header,
        },
        "quote": quote_of(record),
        "approval": {
            "reason": record.approve_reason,
            "since": rfc3339(record.quoted_at),
            "until": rfc3339(record.approve_until),
        }
        if record.awaits_approval
        else None,
        "approved_at": rfc3339(record.approved_at),
        "rows": record.rows or None,
        "invalid": record.invalid,
        "verdict": None if record.verdict is RowsVerdict.NONE else str(record.verdict),
        "bytes": record.bytes,
        "received_at": rfc3339(record.received_at),
        "submitted_at": rfc3339(record.submitted_at),
        "finished_at": rfc3339(record.finished_at),
        "ended_at": rfc3339(record.ended_at),
        "erased_at": rfc3339(record.erased_at),
        "error": {
            "name": record.error,
            "advice": _ERASED_ADVICE if is_erased else record.advice,
        }
        if record.error
        else None,
        "error_key": (not is_erased and record.error_key) or None,
        "webhook_status": record.webhook_status or None,
        "earlier_attempts": [
            {
                **{name: attempt[name] for name in _EARLIER_ATTEMPT},
                "ended_at": rfc3339(attempt["ended_at"]),
                # Attempts of an earlier release have none.
                "error_key": (not is_erased and attempt.get("error_key")) or None,
                "links": {"error": f"{path}/error?attempt={attempt['attempt']}"}
                if attempt.get("error_key") and not is_erased
                else {},
            }
            for attempt in record.earlier
        ],
        "retry": {
            "resends": record.resendable,
            "resumes": record.resumable,
            "joins": unjoined_attempt(record) > 0,
        }
        if not is_erased
        and (record.resendable or record.resumable or unjoined_attempt(record))
        else None,
        "links": links,
    }


def timeline_response(record: JobRecord, timeline: Timeline) -> Document:
    """Return the document `Timeline` of `functions.api.response_schemas`."""
    marks = [
        ("received", record.received_at),
        ("submitted", record.submitted_at),
        ("resumed", record.resumed_at),
        ("finished", record.finished_at),
        *(("woken", entry.left_at) for entry in timeline.entries if entry.woken),
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
            for entry in timeline.entries
        ],
        "checks": [rfc3339(at) for at in timeline.checks],
        "marks": [
            {"name": name, "at": rfc3339(at)}
            for name, at in sorted(marks, key=lambda mark: mark[1])
            if at
        ],
        "ended_at": rfc3339(timeline.ended_at),
        "truncated": timeline.truncated,
    }


def rfc3339(seconds: float) -> str | None:
    """Return a Unix time as RFC 3339 text in UTC, None for 0."""
    if not seconds:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def is_calendar_day(text: str) -> bool:
    """Return whether text such as "2026-11-22" is a day of the calendar."""
    try:
        datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True
