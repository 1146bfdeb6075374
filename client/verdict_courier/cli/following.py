"""Follow a job to its end, and ask who submits it whether it may be paid for."""

import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import Any

from verdict_courier.api_client import ApiClient
from verdict_courier.api_description import WITH_RESULTS, has_unproven_rows
from verdict_courier.cli.display import Display
from verdict_courier.cli.endpoints import command_on
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.terminal import asks, says_yes
from verdict_courier.cli.texts import cost_text, quote_text
from verdict_courier.patience import read_patiently

_POLL_SECONDS = 1.0

Document = dict[str, Any]


def follow(
    api: ApiClient, display: Display, job: Document, options: Namespace
) -> ExitCode:
    """Show a job, with `--wait` after its end; return the outcome's exit code."""

    def needs_answer(job: Document) -> bool:
        """Whether who submits the job has to say if it may be sent."""
        return bool(job.get("approval")) and options.command == "submit"

    if options.wait:
        try:
            job = wait(api, display, job, until=needs_answer)
            if needs_answer(job):
                job = _answer(api, display, job, options)
        except KeyboardInterrupt:
            display.note(f"Stopped waiting; the job goes on: {job['job_id']}")
            display.note(command_on(options, "status", job["job_id"], "--wait"))
            return ExitCode.INTERRUPTED
    display.job(job)
    if options.wait and job.get("approval"):
        return ExitCode.APPROVAL_NEEDED
    if job["outcome"] is not None and job["outcome"] not in WITH_RESULTS:
        return ExitCode.NO_RESULTS
    if has_unproven_rows(job.get("verdict")):
        return ExitCode.ROWS_UNPROVEN
    return ExitCode.DONE


def _answer(
    api: ApiClient, display: Display, job: Document, options: Namespace
) -> Document:
    """Return a job after its approval and its end, or as it waits for approval."""
    display.note(cost_text(job["quote"]).plain)
    path = f"/jobs/{job['job_id']}"
    if not options.yes:
        if not asks():
            display.note(
                "The job waits for approval: give --yes, or approve it by "
                f"{command_on(options, 'approve', job['job_id'])}"
            )
            return job
        if not says_yes("Send and pay for it?"):
            answer: Document = api.call("POST", f"{path}/cancel")
            display.note("Cancelled: nothing was sent.")
            return answer
    return wait(api, display, api.call("POST", f"{path}/approve"))


def wait(
    api: ApiClient,
    display: Display,
    job: Document,
    *,
    until: Callable[[Document], bool] = lambda _: False,
) -> Document:
    """Return a job after its end; show what is sent of it, and its progress.

    It is returned before its end if `until` says so of it.
    """
    read = partial(api.call, "GET", f"/jobs/{job['job_id']}")
    is_quoted = bool(job.get("quote"))
    with display.progress() as show:
        show(job)
        while job["outcome"] is None and not until(job):
            time.sleep(_POLL_SECONDS)
            job = read_patiently(read, show)
            if job.get("quote") and not is_quoted:
                is_quoted = True
                display.note(quote_text(job["quote"]).plain)
            show(job)
    return job
