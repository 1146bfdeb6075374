"""Expected end: describe a running job's next check, and when its end is expected."""

import json
from collections.abc import Callable
from typing import Any

from functions.api.json_schema import Schema
from functions.core.job_record import JobRecord
from functions.core.model import Forecast, WaitReason

_TIME: Schema = {"type": "string", "format": "date-time"}
_TIME_OR_NULL: Schema = {**_TIME, "type": ["string", "null"]}

#: Members of the document `Job`; `expected_end` returns all but the deadline.
EXPECTED_END_SCHEMAS: dict[str, Schema] = {
    "next_check_at": _TIME_OR_NULL,
    "next_check_reason": {
        "type": ["string", "null"],
        "enum": [*(str(reason) for reason in WaitReason), None],
        "description": "Why the next check is then: waits grow in proportion to the "
        "time elapsed; the end is expected; a bad answer is unconfirmed; the last call "
        "failed, or the provider asked for the wait, or wants credits; or it is the "
        "deadline.",
    },
    "expected_at": {
        **_TIME_OR_NULL,
        "description": "When the job should end, by the time that finished jobs of "
        "its provider and type took; null where too few are known.",
    },
    "expected_between": {
        "type": ["array", "null"],
        "items": _TIME,
        "minItems": 2,
        "maxItems": 2,
        "description": "The range in which four of five such jobs end.",
    },
    "expected_from": {
        "type": "integer",
        "minimum": 0,
        "description": "The number of finished jobs on which that rests.",
    },
    "deadline_at": _TIME_OR_NULL,
}


def expected_end(
    record: JobRecord, *, rfc3339: Callable[[float], str | None]
) -> dict[str, Any]:
    """Return the members that say when a job is checked and expected to end.

    They are null once it has ended.
    """
    is_running = not record.outcome
    stored = record.forecast if is_running else ""
    forecast = Forecast.from_state(json.loads(stored or "{}"))
    at = record.submitted_at
    return {
        "next_check_at": rfc3339(record.next_check_at) if is_running else None,
        "next_check_reason": (record.next_check_reason if is_running else "") or None,
        "expected_at": rfc3339(at + forecast.seconds) if forecast else None,
        "expected_between": [rfc3339(at + forecast.low), rfc3339(at + forecast.high)]
        if forecast
        else None,
        "expected_from": forecast.jobs,
    }
