"""Response schemas: JSON Schemas of all responses, for the OpenAPI document."""

from collections.abc import Mapping

from functions.api.expected_end import EXPECTED_END_SCHEMAS
from functions.api.json_schema import Schema, object_schema
from functions.core.model import Outcome, Phase
from functions.core.rows import RowsVerdict


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


#: Events of a job that its timeline marks.
MARKS = ("received", "submitted", "resumed", "finished", "woken", "ended")

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TIME: Schema = {"type": "string", "format": "date-time"}
_LINK: Schema = {"type": "string", "format": "uri-reference"}
_OUTCOME: Schema = {
    "type": "string",
    "enum": [str(outcome) for outcome in Outcome if outcome],
}

#: Schemas by name; see `Operation.response_schema`.
RESPONSE_SCHEMAS: Mapping[str, Schema] = {
    "Forgotten": object_schema({"values": _COUNT, "forgotten": _COUNT}),
    "Job": object_schema(
        {
            "job_id": _TEXT,
            "provider": _TEXT,
            "type": _TEXT,
            "name": {**_or_null(_TEXT), "description": "The file's name."},
            "label": {
                **_or_null(_TEXT),
                "description": "What was said of the job in the request for it.",
            },
            "provider_ref": _or_null(_TEXT),
            "source": _or_null(object_schema({"key": _TEXT, "version_id": _TEXT})),
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
                **_or_null(_TIME),
                "description": "When the provider is asked again about a job that "
                "timed out.",
            },
            "checks": _COUNT,
            **EXPECTED_END_SCHEMAS,
            "hold": {
                **_or_null(
                    object_schema({"error": _TEXT, "since": _TIME, "advice": _TEXT})
                ),
                "description": "The error that the job waits out, such as "
                "OutOfCredits; null if there is none.",
            },
            "quote": {
                **_or_null(
                    object_schema(
                        {
                            "records": _COUNT,
                            "blank": _COUNT,
                            "duplicates": _COUNT,
                            "not_sent": {
                                "type": "object",
                                "additionalProperties": _COUNT,
                                "description": "Records that do not fit, by reason.",
                            },
                            "remembered": _COUNT,
                            "to_send": _COUNT,
                            "uploads": _COUNT,
                            "header": {
                                **_or_null(_TEXT),
                                "description": "Of the column that is sent, if any.",
                            },
                            "notes": {
                                "type": "array",
                                "items": _TEXT,
                                "description": "What was left out while it was read.",
                            },
                        }
                    )
                ),
                "description": "What is sent of a list, once it is prepared: records "
                "are numbered without the header, and each value is sent once.",
            },
            "rows": _or_null(_COUNT),
            "invalid": _COUNT,
            "verdict": {
                "type": ["string", "null"],
                "enum": [
                    *(str(word) for word in RowsVerdict if word != RowsVerdict.NONE),
                    None,
                ],
                "description": "The manifest's verdict on the rows: whether all that "
                "were sent are accounted for; null without a manifest.",
            },
            "bytes": _COUNT,
            "received_at": _or_null(_TIME),
            "submitted_at": _or_null(_TIME),
            "finished_at": _or_null(_TIME),
            "ended_at": _or_null(_TIME),
            "error": _or_null(object_schema({"name": _TEXT, "advice": _TEXT})),
            "error_key": {
                **_or_null(_TEXT),
                "description": "The object in the results bucket that has the "
                "provider's words about the failure.",
            },
            "webhook_status": {
                **_or_null(_TEXT),
                "description": "What the provider last said about the delivery of its "
                "webhook, such as SENT or FAILED.",
            },
            "earlier_attempts": {
                "type": "array",
                "items": object_schema(
                    {
                        "attempt": _COUNT,
                        "outcome": _OUTCOME,
                        "error": _TEXT,
                        "checks": _COUNT,
                        "ended_at": _or_null(_TIME),
                    }
                ),
            },
            "retry": {
                **_or_null(object_schema({"resends": _COUNT, "resumes": _COUNT})),
                "description": "Of a batch with failed requests: how many of them a "
                "retry sends, and so pays for, again, and how many it continues "
                "without that; while a retry runs, how many it does.",
            },
            "links": object_schema(
                {"self": _LINK, "execution": _LINK, "results": _LINK, "error": _LINK},
                optional=("results", "error"),
            ),
        }
    ),
    "JobList": object_schema(
        {
            "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}},
            "next": _or_null(_TEXT),
        }
    ),
    "Timeline": object_schema(
        {
            "job_id": _TEXT,
            "attempt": {"type": "integer", "minimum": 1},
            "entries": {
                "type": "array",
                "description": "The states, in the order in which they were entered.",
                "items": object_schema(
                    {
                        "state": _TEXT,
                        "entered_at": _TIME,
                        "left_at": _or_null(_TIME),
                        "error": {
                            "type": ["string", "null"],
                            "description": "The name of the last try's error.",
                        },
                        "tries": _COUNT,
                        "woken": {
                            "type": ["boolean", "null"],
                            "description": "How a wait for a webhook ended: true by "
                            "a webhook, false by its time-out.",
                        },
                    }
                ),
            },
            "checks": {
                "type": "array",
                "description": "When the provider was checked.",
                "items": _TIME,
            },
            "marks": {
                "type": "array",
                "description": "Events of the job, the oldest first.",
                "items": object_schema(
                    {
                        "name": {"type": "string", "enum": list(MARKS)},
                        "at": _TIME,
                    }
                ),
            },
            "ended_at": {
                **_or_null(_TIME),
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
            "fields": {"type": "object", "additionalProperties": _TEXT},
            "expires_at": _TIME,
            "max_bytes": _COUNT,
            "key": _TEXT,
            "find_job": object_schema(
                {
                    "method": _TEXT,
                    "href": _LINK,
                    "body": object_schema(
                        {"key": _TEXT, "version_id": _TEXT, "name": _TEXT}
                    ),
                }
            ),
        }
    ),
    "Results": object_schema(
        {
            "job_id": _TEXT,
            "manifest": {"type": "object"},
            "links": {
                "type": "array",
                "items": object_schema({"kind": _TEXT, "href": _LINK}),
            },
            "expires_at": _TIME,
        }
    ),
    "ErrorDetails": object_schema(
        {"job_id": _TEXT, "key": _TEXT, "href": _LINK, "expires_at": _TIME}
    ),
    "Problem": object_schema(
        {
            "type": _LINK,
            "title": _TEXT,
            "status": _COUNT,
            "detail": _TEXT,
            "errors": {
                "type": "array",
                "items": object_schema({"pointer": _TEXT, "detail": _TEXT}),
            },
        },
        optional=("detail", "errors"),
    ),
}
