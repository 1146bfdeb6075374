"""Forms: in what form a provider gives its results."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """The end of an object's name, its media type, and the lines that are no rows."""

    suffix: str
    media_type: str
    headings: int = 0


CSV = Form(".csv", "text/csv", headings=1)
JSON = Form(".json", "application/json")
JSON_LINES = Form(".jsonl", "application/jsonl")
