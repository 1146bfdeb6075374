"""Forms: in what form files go to a provider, or come from it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FileFormat:
    """The end of an object's name, its media type, and the lines that are no rows.

    `is_small` says that a result is one answer, which fits into memory.
    """

    suffix: str
    media_type: str
    header_lines: int = 0
    is_small: bool = False


CSV = FileFormat(".csv", "text/csv", header_lines=1)
JSON = FileFormat(".json", "application/json", is_small=True)
JSON_LINES = FileFormat(".jsonl", "application/jsonl")
FILE_FORMATS = (CSV, JSON, JSON_LINES)


def media_type_of(name: str) -> str:
    """Say by the end of its name what a file is."""
    known = (form for form in FILE_FORMATS if name.lower().endswith(form.suffix))
    form = next(known, None)
    return form.media_type if form else "application/octet-stream"
