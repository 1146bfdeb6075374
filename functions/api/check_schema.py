"""Check schema: describe what came of a check that a person asked for."""

from functions.api.json_schema import Schema, object_schema
from functions.api.quote_schema import TEXT, TIME, or_null
from functions.core.model import Phase

CHECK: Schema = object_schema(
    {
        "job_id": TEXT,
        "asked_at": TIME,
        "woken": {
            "type": "boolean",
            "description": "Whether the job's wait for a webhook was ended, so "
            "that the job asks the provider itself.",
        },
        "phase": {
            "type": ["string", "null"],
            "enum": [*(str(phase) for phase in Phase), None],
            "description": "What the provider says; null if the job asks itself.",
        },
        "error": {
            **or_null(object_schema({"name": TEXT, "advice": TEXT})),
            "description": "Why the provider did not say it.",
        },
        "next_check_at": {
            **or_null(TIME),
            "description": "When the job asks itself; null if it does so now.",
        },
    }
)
