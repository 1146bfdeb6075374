"""List what there is to say of a job, and what can be done next."""

from collections.abc import Callable, Iterator
from datetime import tzinfo

from rich.text import Text

from verdict_courier.api_description import NEXT_CHECK_REASONS
from verdict_courier.cli.error_texts import attempt_facts, has_failures
from verdict_courier.cli.job_ids import SHOWN_DIGITS
from verdict_courier.cli.texts import (
    Document,
    approval_text,
    cost_text,
    expected_text,
    is_checked,
    plain,
    quote_text,
    state,
    time_text,
    verdict_text,
)
from verdict_courier.results import has_results

#: Returns the command line that runs a command on the stack of a job.
CommandLine = Callable[..., str]
_PARTIAL = "partial"


def _next_check_text(job: Document, zone: tzinfo | None) -> str:
    """Return when the next check is, and why."""
    reason = NEXT_CHECK_REASONS.get(str(job.get("next_check_reason")))
    return time_text(job["next_check_at"], zone) + (f": {reason}" if reason else "")


def facts(
    job: Document, zone: tzinfo | None, *, is_local: bool, command: CommandLine
) -> Iterator[tuple[str, Text]]:
    """Yield names and values of what there is to say of a job.

    The console of AWS knows nothing of a job on this machine.
    """
    yield "job", plain(job["job_id"])
    # An older deployment has neither.
    yield from ((name, plain(job[name])) for name in ("name", "label") if job.get(name))
    yield "type", plain(f"{job['provider']} {job['type']}")
    yield "state", state(job)
    yield "checks", plain(job["checks"])
    if is_checked(job):
        yield "next check", plain(_next_check_text(job, zone))
    if job.get("expected_between"):  # an older deployment has none
        yield "expected", plain(expected_text(job, zone))
    if job.get("quote"):
        yield from _quote_facts(job, zone, command)
    if job.get("rows"):
        yield "rows", plain(job["rows"])
    for name in ("received", "submitted", "ended", "deadline", "erased"):
        if job.get(f"{name}_at"):
            yield name, plain(time_text(job[f"{name}_at"], zone))
    if job.get("late_check_at"):
        yield "late check", plain(time_text(job["late_check_at"], zone))
    if job.get("verdict"):
        yield "verdict", verdict_text(job["verdict"])
    yield from _trouble(job, zone)
    yield from _next_steps(job, command)
    if not is_local:
        yield "console", plain(job["links"]["execution"])


def _quote_facts(
    job: Document, zone: tzinfo | None, command: CommandLine
) -> Iterator[tuple[str, Text]]:
    """Yield what would be sent, what it costs, and who has to say so."""
    yield "list", quote_text(job["quote"])
    if cost := cost_text(job["quote"]):
        yield "cost", cost
    if approval := job.get("approval"):
        yield "approval", approval_text(approval, zone)
        yield "approve by", plain(command("approve", job["job_id"][:SHOWN_DIGITS]))


def _trouble(job: Document, zone: tzinfo | None) -> Iterator[tuple[str, Text]]:
    """Yield what went wrong, and what can be done about it."""
    if hold := job.get("hold"):
        since = time_text(hold["since"], zone)
        yield "waits out", plain(f"{hold['error']} since {since}")
        yield "advice", plain(hold["advice"])
    if job["error"]:
        yield "error", plain(job["error"]["name"])
        yield "advice", plain(job["error"]["advice"])
    yield from ((name, plain(text)) for name, text in attempt_facts(job))
    retry = job.get("retry")  # an older deployment has none
    if retry and retry.get("joins"):
        yield "a retry", plain("joins the rows again; nothing is sent")
    elif retry:
        numbers = f"sends {retry['resends']} requests again (paid again)"
        yield "a retry", plain(f"{numbers}, continues {retry['resumes']}")


def _next_steps(job: Document, command: CommandLine) -> Iterator[tuple[str, Text]]:
    """Yield where to read why something has no result, and how to get the others."""
    digits = job["job_id"][:SHOWN_DIGITS]
    if has_failures(job):
        # Without that flag, the command is for results, and waits for some.
        has_ended_without = job["outcome"] is not None and not has_results(job)
        beside = [] if has_ended_without else ["--errors"]
        yield "details", plain(command("results", digits, *beside))
    if job["outcome"] == _PARTIAL and job.get("quote"):
        yield "partial", plain("joined.csv says of each row why it has no result")
    if has_results(job):
        yield (
            "results",
            plain(command("results", digits, "--download", f"out/{digits}")),
        )
