"""Offer what can be done about a job, and do it by the API."""

from collections.abc import Iterator, Mapping
from typing import Any

from verdict_courier.api_description import RETRYABLE
from verdict_courier.cli.texts import cost_text, quote_text

#: The operations of the API on a job that the page offers.
ACTIONS = ("approve", "check", "retry", "cancel", "erase")
#: Phases in which the provider has said all that it says of a job.
_SAID = ("finished", "partial")


def offered(job: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the actions that a job allows, each with what the page asks first.

    For what changes nothing that is empty, and it is done at once.
    The API decides: what it refuses by now, the page says in the API's words.
    """
    return [{"name": name, "asks": asks} for name, asks in _offered(job)]


def _offered(job: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if job.get("erased_at"):
        return
    # An API of an earlier release has neither `approval` nor `retry`.
    if job.get("approval"):
        says = quote_says(job)
        yield "approve", f"It is submitted, and paid for. {says}".strip()
    elif _can_be_checked(job):
        yield "check", ""
    retry = job.get("retry")
    if job["outcome"] is None:
        yield "cancel", "What was submitted stays at the provider, and is paid for."
    elif retry and retry["resends"]:
        requests = f"{retry['resends']:,} requests are sent, and paid for, again"
        yield "retry", f"{requests}; {retry['resumes']:,} are only continued."
    elif retry and retry.get("joins"):
        yield "retry", "It joins the rows again; nothing is sent or paid."
    elif retry or job["outcome"] in RETRYABLE:
        yield "retry", "It goes on where it stopped; nothing is submitted twice."
    if job["outcome"] and "erased_at" in job:  # an earlier release cannot erase
        goes = "Its file, its results and its names are deleted for good"
        yield "erase", f"{goes}, in all versions. Its numbers stay."


def answer_to(action: str, job: Mapping[str, Any]) -> str | None:
    """Return what is left to do after an action; None if it is done."""
    if action == "erase" and not job.get("erased_at"):
        return "Not all of it is erased yet: erase it once more."
    return None


def _can_be_checked(job: Mapping[str, Any]) -> bool:
    is_submitted = job["outcome"] is None and bool(job.get("provider_ref"))
    return is_submitted and job["phase"] not in _SAID


def quote_says(job: Mapping[str, Any]) -> str:
    """Return what a job that waits for approval would send, and what it costs."""
    quote = job.get("quote")
    if not (quote and job.get("approval")):
        return ""
    parts = (quote_text(quote).plain, cost_text(quote).plain)
    return "; ".join(filter(None, parts))
