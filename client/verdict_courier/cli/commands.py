"""Run the commands of `courier`, one function for each."""

import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

from verdict_courier.api_client import ApiClient, upload
from verdict_courier.api_description import WITH_RESULTS, has_unproven_rows
from verdict_courier.cli.display import Display, progress
from verdict_courier.cli.endpoints import LOCAL, local_address
from verdict_courier.cli.watch import table
from verdict_courier.console.console import WebConsole
from verdict_courier.console.log_sources import AwsConsoleLinks
from verdict_courier.console.server import serve
from verdict_courier.job_feed import JobFeed
from verdict_courier.results import listed_results

_POLL_SECONDS = 1.0


class ExitCode(IntEnum):
    """The exit code of a command; argparse itself exits with MISUSED."""

    DONE = 0
    NO_RESULTS = 1  # the job ended without results
    MISUSED = 2  # also for a file that cannot be read or written
    REFUSED = 3  # the API refused the call
    UNREACHABLE = 4  # nothing answered, or something else in the API's place
    ROWS_UNPROVEN = 5  # there are results, but not all rows are accounted for


Command = Callable[[ApiClient, Display, Namespace], ExitCode]
Document = dict[str, Any]


def submit(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Upload a file, which starts its job."""
    file: Path = options.file
    # Only the extension is needed; the rest of the name may contain a person's name.
    name = f"file{file.suffix.lower()}"
    request = {"provider": options.provider, "type": options.type, "name": name}
    form = api.call("POST", "/uploads", request)
    if file.stat().st_size > form["max_bytes"]:
        display.error(f"{file} is larger than {form['max_bytes']} bytes")
        return ExitCode.MISUSED
    version_id = upload(form, file)
    # This returns the job that the upload started, or starts it.
    job = api.call("POST", "/jobs", {"key": form["key"], "version_id": version_id})
    return _show(api, display, job, wait=options.wait)


def status(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show the state of a job."""
    job = api.call("GET", f"/jobs/{options.job_id}")
    return _show(api, display, job, wait=options.wait)


def list_jobs(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show jobs, newest first."""
    filters = {name: getattr(options, name) for name in ("outcome", "provider", "day")}
    query = {name: value for name, value in filters.items() if value}
    display.jobs(_jobs(api, query, limit=options.limit))
    return ExitCode.DONE


def results(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show the results of a job, or download them."""
    response = api.call("GET", f"/jobs/{options.job_id}/results")
    placed_files = []
    for result in listed_results(response):
        place = result.file["key"]
        if options.download:
            place = str(result.save(options.download))
        placed_files.append({**result.file, "place": place})
    display.files(placed_files)
    verdict = response["manifest"].get("rows", {}).get("verdict")
    display.verdict(verdict)
    return ExitCode.ROWS_UNPROVEN if has_unproven_rows(verdict) else ExitCode.DONE


def cancel(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Stop following a job."""
    display.job(api.call("POST", f"/jobs/{options.job_id}/cancel"))
    return ExitCode.DONE


def retry(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Continue a job that did not succeed, or the failed requests of a batch."""
    job = api.call("POST", f"/jobs/{options.job_id}/retry")
    return _show(api, display, job, wait=options.wait)


def watch(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show the newest jobs with their timelines, live."""
    feed = JobFeed(api, limit=options.limit)
    if options.once or not display.is_live:
        jobs = feed.read()
        display.render(table(jobs, now=time.time()), jobs)
        return ExitCode.DONE
    with display.live() as live:
        while True:  # until Ctrl-C
            jobs = feed.read()
            live.update(table(jobs, now=time.time()), refresh=True)
            time.sleep(options.every)


def page(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show the jobs in a browser, live."""
    if options.stage == LOCAL and not options.url:
        # `make up` serves it already, and with log lines and messages.
        display.address(local_address("console_url"))
        return ExitCode.DONE
    console = WebConsole(
        api,
        stack=options.url or options.stage,
        refresh_seconds=options.every,
        log_source=AwsConsoleLinks(),
    )
    with serve(console.respond) as address:
        display.address(address)
        display.notes.print("Whoever has this address sees the jobs. Ctrl-C stops it.")
        threading.Event().wait()
    return ExitCode.DONE


def _show(api: ApiClient, display: Display, job: Document, *, wait: bool) -> ExitCode:
    """Show a job, after its end if `wait` is set; return the outcome's exit code."""
    if wait:
        with display.notes.status(progress(job)) as line:
            while job["outcome"] is None:
                time.sleep(_POLL_SECONDS)
                job = api.call("GET", f"/jobs/{job['job_id']}")
                line.update(progress(job))
    display.job(job)
    if job["outcome"] is not None and job["outcome"] not in WITH_RESULTS:
        return ExitCode.NO_RESULTS
    if has_unproven_rows(job.get("verdict")):
        return ExitCode.ROWS_UNPROVEN
    return ExitCode.DONE


def _jobs(
    api: ApiClient, query: Mapping[str, str], *, limit: int
) -> Iterator[Document]:
    parameters = dict(query)
    count = 0
    while True:
        page = api.call("GET", "/jobs", query=parameters)
        for job in page["jobs"][: limit - count]:
            count += 1
            yield job
        if page["next"] is None or count == limit:
            return
        parameters["cursor"] = page["next"]
