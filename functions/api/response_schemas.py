"""Response schemas: JSON Schemas of all responses, for the OpenAPI document."""

from collections.abc import Mapping

from functions.api.check_schema import CHECK
from functions.api.expected_end import EXPECTED_END_SCHEMAS
from functions.api.json_schema import Schema, object_schema
from functions.api.quote_schema import APPROVAL, COUNT, QUOTE, TEXT, TIME, or_null
from functions.core.model import Outcome, Phase
from functions.core.rows import RowsVerdict

#: Events of a job that its timeline marks.
MARKS = ("received", "submitted", "resumed", "finished", "woken", "ended")

_LINK: Schema = {"type": "string", "format": "uri-reference"}
_OUTCOME: Schema = {
    "type": "string",
    "enum": [str(outcome) for outcome in Outcome if outcome],
}

#: Schemas by name; see `Operation.response_schema`.
RESPONSE_SCHEMAS: Mapping[str, Schema] = {
    "Forgotten": object_schema({"values": COUNT, "forgotten": COUNT}),
    "Job": object_schema(
        {
            "job_id": TEXT,
            "provider": TEXT,
            "type": TEXT,
            "name": {**or_null(TEXT), "description": "The file's name."},
            "label": {
                **or_null(TEXT),
                "description": "What was said of the job in the request for it.",
            },
            "provider_ref": or_null(TEXT),
            "source": or_null(object_schema({"key": TEXT, "version_id": TEXT})),
            "phase": {"type": "string", "enum": [str(phase) for phase in Phase]},
            "outcome": {
                "type": ["string", "null"],
                "enum": [*_OUTCOME["enum"], None],
                "description": "How the job ended; null while it runs.",
            },
            "attempt": {"type": "integer", "minimum": 1},
            "late": {
                "type": "boolean",
                "description": "Whether the job had timed out when its provider ended "
                "it, and this attempt was started for that.",
            },
            "late_check_at": {
                **or_null(TIME),
                "description": "When the provider is asked again about a job that "
                "timed out.",
            },
            "checks": COUNT,
            **EXPECTED_END_SCHEMAS,
            "hold": {
                **or_null(
                    object_schema({"error": TEXT, "since": TIME, "advice": TEXT})
                ),
                "description": "The error that the job waits out, such as "
                "OutOfCredits; null if there is none.",
            },
            "list_options": {
                **object_schema(
                    {"column": or_null(TEXT), "header": or_null({"type": "boolean"})}
                ),
                "description": "What requests for the job and its retries have said of "
                "its list; the object's metadata may say more.",
            },
            "quote": QUOTE,
            "approval": APPROVAL,
            "approved_at": or_null(TIME),
            "rows": or_null(COUNT),
            "invalid": COUNT,
            "verdict": {
                "type": ["string", "null"],
                "enum": [
                    *(str(word) for word in RowsVerdict if word != RowsVerdict.NONE),
                    None,
                ],
                "description": "The manifest's verdict on the rows: whether all that "
                "were sent are accounted for; null without a manifest.",
            },
            "bytes": COUNT,
            "received_at": or_null(TIME),
            "submitted_at": or_null(TIME),
            "finished_at": or_null(TIME),
            "ended_at": or_null(TIME),
            "erased_at": {
                **or_null(TIME),
                "description": "When what is stored of the job was erased.",
            },
            "error": or_null(object_schema({"name": TEXT, "advice": TEXT})),
            "error_key": {
                **or_null(TEXT),
                "description": "The object in the results bucket that has the "
                "provider's words about the failure.",
            },
            "webhook_status": {
                **or_null(TEXT),
                "description": "What the provider last said about the delivery of its "
                "webhook, such as SENT or FAILED.",
            },
            "earlier_attempts": {
                "type": "array",
                "items": object_schema(
                    {
                        "attempt": COUNT,
                        "outcome": _OUTCOME,
                        "error": TEXT,
                        "checks": COUNT,
                        "ended_at": or_null(TIME),
                        "error_key": or_null(TEXT),
                        "links": object_schema({"error": _LINK}, optional=("error",)),
                    }
                ),
            },
            "retry": {
                **or_null(
                    object_schema(
                        {
                            "resends": COUNT,
                            "resumes": COUNT,
                            "joins": {"type": "boolean"},
                        }
                    )
                ),
                "description": "Of a batch with failed requests: how many of them a "
                "retry sends, and so pays for, again, and how many it continues "
                "without that; while a retry runs, how many it does. `joins` is "
                "whether it only joins what has been fetched, unpaid.",
            },
            "links": object_schema(
                {"self": _LINK, "execution": _LINK, "results": _LINK, "error": _LINK},
                optional=("results", "error"),
            ),
        }
    ),
    "Check": CHECK,
    "JobList": object_schema(
        {
            "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}},
            "next": or_null(TEXT),
        }
    ),
    "Timeline": object_schema(
        {
            "job_id": TEXT,
            "attempt": {"type": "integer", "minimum": 1},
            "entries": {
                "type": "array",
                "description": "The states, in the order in which they were entered.",
                "items": object_schema(
                    {
                        "state": TEXT,
                        "entered_at": TIME,
                        "left_at": or_null(TIME),
                        "error": {
                            "type": ["string", "null"],
                            "description": "The name of the last try's error.",
                        },
                        "tries": COUNT,
                        "woken": {
                            "type": ["boolean", "null"],
                            "description": "How a wait for a webhook ended: true by "
                            "a webhook or a check, false by its time-out.",
                        },
                    }
                ),
            },
            "checks": {
                "type": "array",
                "description": "When the provider was checked.",
                "items": TIME,
            },
            "marks": {
                "type": "array",
                "description": "Events of the job, the oldest first.",
                "items": object_schema(
                    {
                        "name": {"type": "string", "enum": list(MARKS)},
                        "at": TIME,
                    }
                ),
            },
            "ended_at": {
                **or_null(TIME),
                "description": "When the execution ended, shortly after its job.",
            },
            "truncated": {
                "type": "boolean",
                "description": "Whether earlier states are left out.",
            },
        }
    ),
    "Upload": object_schema(
        {
            "url": _LINK,
            "fields": {"type": "object", "additionalProperties": TEXT},
            "expires_at": TIME,
            "max_bytes": COUNT,
            "key": TEXT,
            "find_job": object_schema(
                {
                    "method": TEXT,
                    "href": _LINK,
                    "body": object_schema(
                        {"key": TEXT, "version_id": TEXT, "name": TEXT}
                    ),
                }
            ),
        }
    ),
    "Results": object_schema(
        {
            "job_id": TEXT,
            "manifest": {"type": "object"},
            "links": {
                "type": "array",
                "items": object_schema({"kind": TEXT, "href": _LINK}),
            },
            "expires_at": TIME,
        }
    ),
    "ErrorDetails": object_schema(
        {
            "job_id": TEXT,
            "attempt": COUNT,
            "key": TEXT,
            "href": _LINK,
            "expires_at": TIME,
        }
    ),
    "Problem": object_schema(
        {
            "type": _LINK,
            "title": TEXT,
            "status": COUNT,
            "detail": TEXT,
            "errors": {
                "type": "array",
                "items": object_schema({"pointer": TEXT, "detail": TEXT}),
            },
        },
        optional=("detail", "errors"),
    ),
}
