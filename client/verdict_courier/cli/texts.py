"""Word the facts of a job for people, with nothing that a terminal would obey."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from rich.text import Text

from verdict_courier.api_description import COMPLETE, VERDICTS, has_unproven_rows

Document = Mapping[str, Any]

_FINISHED = "finished"

COLOURS = {
    "succeeded": "green",
    "partial": "yellow",
    "failed": "red",
    "aborted": "red",
    "timed_out": "red",
    "cancelled": "dim",
}


def printable(text: object) -> str:
    """Return a text with escapes in place of characters that a terminal would obey.

    Whoever names a file or writes an answer could otherwise move the cursor, change the
    window's title or reverse the order of letters.
    """
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape").decode()
        for character in str(text)
    )


def plain(text: object, style: str = "") -> Text:
    """Return a text from outside for output, in which nothing is markup."""
    return Text(printable(text), style)


def listed(words: Sequence[str]) -> str:
    """Return words as a sentence lists what can be chosen."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def moment(timestamp: object, zone: tzinfo | None) -> datetime | None:
    """Return a timestamp in a zone, or in the local one; None if it is none."""
    try:
        return datetime.fromisoformat(str(timestamp)).astimezone(zone)
    except (ValueError, OverflowError):
        return None


def time_text(timestamp: object, zone: tzinfo | None) -> str:
    """Return a timestamp for people: day, time and the name of the zone."""
    at = moment(timestamp, zone)
    return f"{at:%Y-%m-%d %H:%M:%S %Z}" if at else str(timestamp or "")


def state(job: Document, *, running: str = " …") -> Text:
    """Return a job's outcome and a bad verdict, or its phase and then `running`."""
    outcome = job["outcome"]
    if outcome is None:
        hold = job.get("hold")
        return plain(
            f"waiting out {hold['error']}" if hold else f"{job['phase']}{running}"
        )
    text = f"{outcome} late" if job.get("late") else outcome
    if has_unproven_rows(verdict := job.get("verdict")):
        text += f", rows {verdict}"
    return plain(text, COLOURS.get(outcome, ""))


def duration_text(seconds: float) -> str:
    """Return a duration in its largest unit, such as "12 min"."""
    whole = max(round(seconds), 0)
    if whole < 120:  # noqa: PLR2004 - two minutes, in seconds
        return f"{whole} s"
    if whole < 2 * 3600:
        return f"{whole // 60} min"
    return f"{whole / 3600:.1f} h"


def verdict_text(verdict: str | None) -> Text:
    """Return a verdict and what it means."""
    meaning = VERDICTS.get(str(verdict), "this client does not know the word")
    return plain(f"{verdict}: {meaning}", "green" if verdict == COMPLETE else "yellow")


def quote_text(quote: Document) -> Text:
    """Return what is sent of a list, in one line.

    For example: "12 records: 9 to send, 2 duplicates, 1 blank; header Email".
    """
    uploads = quote.get("uploads", 1)
    repeated = quote["duplicates"]
    counts = (
        (quote["to_send"], "to send" + f" in {uploads:,} uploads" * (uploads > 1)),
        # An earlier release remembers nothing.
        (quote.get("remembered", 0), "remembered"),
        (repeated, _plural(repeated, "duplicate")),
        (quote["blank"], "blank"),
        *((count, f"not sent ({why})") for why, count in quote["not_sent"].items()),
    )
    records = _plural(quote["records"], "record")
    texts = ", ".join(f"{count:,} {words}" for count, words in counts if count)
    parts = [f"{quote['records']:,} {records}: {texts}"]
    if quote["header"] is not None:
        parts.append(f"header {quote['header']}")
    return plain("; ".join([*parts, *quote["notes"]]))


def cost_text(quote: Document) -> Text:
    """Return what a job would cost and take; empty for an earlier release's quote.

    For example: "about 9 credits, 450 left; AWS about 0.003 USD; done in about 12 min".
    """
    parts = []
    if (needed := quote.get("credits_needed")) is not None:
        left = quote.get("credits_left")
        of_these = "" if left is None else f", {left:,} left"
        parts.append(f"about {needed:,.10g} {_plural(needed, 'credit')}{of_these}")
    if (usd := quote.get("aws_usd")) is not None:
        parts.append(f"AWS about {usd:.3f} USD")
    if (seconds := quote.get("expected_seconds")) is not None:
        parts.append(f"done in about {duration_text(seconds)}")
    return plain("; ".join(parts))


def approval_text(approval: Document, zone: tzinfo | None) -> Text:
    """Return until when a job waits for approval, and that it lacks credits."""
    until = time_text(approval["until"], zone)
    lacks = approval.get("reason") == "approve_beyond_credits"
    why = ": it needs more credits than are left" if lacks else ""
    return plain(f"waits for approval until {until}{why}")


def progress(job: Document, zone: tzinfo | None) -> Text:
    """Return one line about a running job."""
    name = f" {job['name']}" if job.get("name") else ""
    text = f"{job['job_id'][:12]}…{name} {_stage(job)}"
    if checks := job["checks"]:
        text += f", {checks} {_plural(checks, 'check')}"
    if hold := job.get("hold"):
        text += f", waiting out {hold['error']} since {_clock(hold['since'], zone)}"
    elif approval := job.get("approval"):
        text += f", {approval_text(approval, zone).plain}"
    elif is_checked(job):
        text += f", next at {_clock(job['next_check_at'], zone)}"
    if job.get("expected_between"):
        text += f", expected {expected_text(job, zone)}"
    return plain(text)


def _stage(job: Document) -> str:
    """Return how far a running job is, in words that need no run-book."""
    if job["phase"] == _FINISHED:
        return "fetching its results"
    if job["submitted_at"] or job.get("approval"):
        return f"{job['phase']}"
    # A batch as such is never submitted, but its requests are.
    return "sending" if job.get("quote") else "preparing"


def is_checked(job: Document) -> bool:
    """Whether the provider is asked again; the time of the last check is kept."""
    return bool(job["next_check_at"]) and job["phase"] != _FINISHED


def _plural(count: float, word: str) -> str:
    return word if count == 1 else f"{word}s"


def expected_text(job: Document, zone: tzinfo | None) -> str:
    """Return when a job should end: "14:05 to 14:12 UTC (from 23 jobs)".

    The day is there where the two are of different days.
    """
    begin, end = (moment(at, zone) for at in job["expected_between"])
    if not (begin and end):
        return "at an unknown time"
    form = "%H:%M" if begin.date() == end.date() else "%Y-%m-%d %H:%M"
    times = f"{begin.strftime(form)} to {end.strftime(f'{form} %Z')}"
    return f"{times} (from {job['expected_from']} jobs)"


def _clock(timestamp: object, zone: tzinfo | None) -> str:
    at = moment(timestamp, zone)
    return f"{at:%H:%M:%S %Z}" if at else str(timestamp)
