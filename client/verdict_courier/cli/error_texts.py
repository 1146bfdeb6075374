"""Word errors, and what earlier attempts of a job ended with."""

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def error_name(line: Document) -> str:
    """Return whose error it is: a row's or the job's, and of which earlier attempt."""
    attempt = [f"attempt {line['attempt']}"] if "attempt" in line else []
    row = [f"row {line['row']}"] if "row" in line else []
    return " ".join([*attempt, *row]) or "error"


def error_text(line: Document) -> str:
    """Return an error, and what the provider, or a rule of ours, says about it."""
    words = [line.get("error"), line.get("message") or line.get("reason")]
    return ": ".join(str(word) for word in words if word) or str(line.get("outcome"))


def without_results_text(job: Document) -> str:
    """Return why a job that has ended has no results."""
    if not (error := job["error"]):
        return f"The job ended without results: {job['outcome']}."
    return f"The job ended without results: {error['name']}. {error['advice']}"


def attempt_facts(job: Document) -> Iterator[tuple[str, str]]:
    """Yield how earlier attempts of a job ended."""
    for attempt in job.get("earlier_attempts", ()):  # an older deployment has none
        words = (attempt["outcome"], attempt["error"])
        yield f"attempt {attempt['attempt']}", " ".join(filter(None, words))


def has_failures(job: Document) -> bool:
    """Return whether the provider has said something of a failure, in any attempt."""
    # An older deployment has no links of earlier attempts.
    attempts = (job, *job.get("earlier_attempts", ()))
    return any("error" in each.get("links", ()) for each in attempts)
