"""Read facts about the API from the OpenAPI document that the package contains."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

#: A link to docs/openapi.json in the repository, a copy in an installed package.
_DOCUMENT = Path(__file__).with_name("openapi.json")

#: The outcomes of jobs that have results.
WITH_RESULTS = ("succeeded", "partial")
#: The outcomes after which any job can be retried.
RETRYABLE = ("failed", "timed_out", "cancelled")
#: The verdict on rows that are all accounted for.
COMPLETE = "complete"
#: What each verdict on the rows of a job means.
VERDICTS = {
    COMPLETE: "every row that was sent is accounted for; equal ones count once",
    "unaccounted": "fewer rows came back, and it is not proven that the others were "
    "duplicates",
    "contradictory": "the numbers of rows sent and received cannot all be true",
    "unknown": "it cannot be said whether rows are missing",
    "incomplete": "joined with results that need not have every row",
    "unjoined": "the rows could not be joined with the results, which are all there",
}
#: What each reason of the time of the next check means.
NEXT_CHECK_REASONS = {
    "elapsed": "in proportion to the time elapsed",
    "expected": "the end is expected about then",
    "unconfirmed": "a bad answer counts once it is repeated",
    "failed": "the last call failed",
    "asked": "the last call failed, and the provider asked for this wait",
    "credits": "the provider wants credits",
    "deadline": "the last one, at the deadline",
}
#: Members of a successful response, by its path, that every release has sent.
_RESPONSE_MEMBERS = {
    "POST /uploads": {"url", "fields", "max_bytes", "key"},
    "GET /jobs": {"jobs", "next"},
    "POST /memory/forget": {"values", "forgotten"},
    "timeline": {"entries", "checks", "ended_at"},
    "results": {"manifest", "links"},
    "error": {"key", "href"},
    "check": {"woken", "phase", "error", "next_check_at"},
}
_JOB_MEMBERS = {
    *("job_id", "provider", "type", "phase", "outcome", "attempt", "checks", "error"),
    *("next_check_at", "rows", "received_at", "submitted_at", "ended_at", "links"),
}


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    parsed: dict[str, Any] = json.loads(_DOCUMENT.read_text("utf-8"))
    return parsed


def outcomes() -> set[str]:
    """Return every outcome that a job can have."""
    outcome = document()["components"]["schemas"]["Job"]["properties"]["outcome"]
    return set(outcome["enum"]) - {None}


def response_members(method: str, path: str) -> set[str]:
    """Return members by which the response of a call is known as the API's.

    Not all of the description's: an API of an earlier release lacks some.
    """
    by_call = _RESPONSE_MEMBERS.get(f"{method} {path}")
    by_end = _RESPONSE_MEMBERS.get(path.rpartition("/")[2])
    return by_call or by_end or _JOB_MEMBERS


def has_unproven_rows(verdict: str | None) -> bool:
    """Return whether there are results whose rows are not all accounted for.

    There is no verdict without a manifest, nor on a job of an earlier release.
    """
    return verdict not in (None, COMPLETE)


@dataclass(frozen=True)
class Upload:
    """What can be uploaded for a provider: types, and extensions such as `.csv`.

    `members` are those of a request for a form.
    """

    types: tuple[str, ...]
    extensions: tuple[str, ...]
    members: tuple[str, ...]


@cache
def uploads() -> dict[str, Upload]:
    """Return what can be uploaded, by provider."""
    upload = document()["paths"]["/uploads"]["post"]["requestBody"]
    by_provider = upload["content"]["application/json"]["schema"]["oneOf"]
    taken = {}
    for schema in by_provider:
        fields = schema["properties"]
        # A name's pattern has one form for each extension: `(…\.[cC][sS][vV]|…)$`.
        in_any_case = re.findall(r"\\\.([^|)]+)", fields["name"]["pattern"])
        extensions = [re.sub(r"\[(.).\]", r"\1", each) for each in in_any_case]
        taken[fields["provider"]["enum"][0]] = Upload(
            types=tuple(sorted(fields["type"]["enum"])),
            extensions=tuple(f".{name}" for name in sorted(extensions)),
            members=tuple(fields),
        )
    return taken


def upload_extensions() -> list[str]:
    """Return the file name extensions that some provider takes."""
    return sorted({name for upload in uploads().values() for name in upload.extensions})


def label_pattern() -> str:
    """Return the pattern of a label."""
    return _pattern_of("label")


def column_pattern() -> str:
    """Return the pattern of a column's header or number."""
    return _pattern_of("column")


def _pattern_of(member: str) -> str:
    """Return the pattern of a member of a request for the job of an object."""
    start = document()["paths"]["/jobs"]["post"]["requestBody"]
    *_, by_object = start["content"]["application/json"]["schema"]["oneOf"]
    pattern: str = by_object["properties"][member]["pattern"]
    return pattern


def most_jobs() -> int:
    """Return the most jobs that one response can list."""
    parameters = document()["paths"]["/jobs"]["get"]["parameters"]
    schemas = {parameter["name"]: parameter["schema"] for parameter in parameters}
    most: int = schemas["limit"]["maximum"]
    return most
