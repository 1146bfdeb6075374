"""Quote schema: JSON Schemas of quotes and approvals, and of their simplest parts."""

from functions.api.json_schema import Schema, object_schema
from functions.core.approval import Reason

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number", "minimum": 0}
TIME: Schema = {"type": "string", "format": "date-time"}


def or_null(schema: Schema) -> Schema:
    """Return a schema that null fits as well."""
    return {**schema, "type": [schema["type"], "null"]}


QUOTE: Schema = {
    **or_null(
        object_schema(
            {
                "records": COUNT,
                "blank": COUNT,
                "duplicates": COUNT,
                "not_sent": {
                    "type": "object",
                    "additionalProperties": COUNT,
                    "description": "Records that do not fit the type, by the reason.",
                },
                "remembered": COUNT,
                "to_send": COUNT,
                "header": {
                    **or_null(TEXT),
                    "description": "The header of the column that is "
                    "sent; null if the list has no header.",
                },
                "notes": {
                    "type": "array",
                    "items": TEXT,
                    "description": "What was left out of the file, or "
                    "taken for something, while it was read.",
                },
                "uploads": {
                    **COUNT,
                    "description": "Files or requests that are sent.",
                },
                "credits_needed": {
                    **or_null(NUMBER),
                    "description": "An estimate, by credits_per_value.",
                },
                "credits_left": {
                    **or_null(COUNT),
                    "description": "What the provider said when the quote was made; "
                    "null where it did not. Other jobs may use them up.",
                },
                "aws_usd": {
                    **or_null(NUMBER),
                    "description": "An estimate of what AWS charges, in US dollars.",
                },
                "expected_seconds": {
                    **or_null(COUNT),
                    "description": "How long the provider should take once it is sent, "
                    "by finished jobs of its type and size; null where too few are "
                    "known, and for what is sent in several requests.",
                },
            }
        )
    ),
    "description": "What is sent of a list, once it is prepared: records "
    "are numbered without the header, and each value is sent once. Of "
    "requests only where they wait, or have waited, for approval.",
}
APPROVAL: Schema = {
    **or_null(
        object_schema(
            {
                "reason": {
                    "type": "string",
                    "enum": [str(reason) for reason in Reason],
                },
                "since": TIME,
                "until": TIME,
            }
        )
    ),
    "description": "Why the job waits for approval, since when, and until "
    "when; null if it does not.",
}
