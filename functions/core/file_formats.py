"""File formats: define suffix, media type and header of files sent and received."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FileFormat:
    """A suffix of object names, its media type, and the number of header lines.

    `is_small` means that a result is a single answer, which fits into memory.
    """

    suffix: str
    media_type: str
    header_lines: int = 0
    is_small: bool = False


CSV = FileFormat(".csv", "text/csv", header_lines=1)
JSON = FileFormat(".json", "application/json", is_small=True)
JSON_LINES = FileFormat(".jsonl", "application/jsonl")
#: Only uploaded: what Prepare makes of them is CSV.
TEXT = FileFormat(".txt", "text/plain", header_lines=1)
TSV = FileFormat(".tsv", "text/tab-separated-values", header_lines=1)
XLSX = FileFormat(
    ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)
PARQUET = FileFormat(".parquet", "application/vnd.apache.parquet")
#: Those of files that are sent.
FILE_FORMATS = (CSV, JSON, JSON_LINES, TEXT, TSV, XLSX)


def media_type_of(name: str) -> str:
    """Return the media type that the suffix of a name stands for."""
    for file_format in FILE_FORMATS:
        if name.lower().endswith(file_format.suffix):
            return file_format.media_type
    return "application/octet-stream"
