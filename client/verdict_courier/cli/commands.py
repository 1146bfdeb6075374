"""Run the commands of `courier`, one function for each."""

import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from requests import codes
from rich.console import Group
from rich.table import Table

from verdict_courier.api_client import ApiClient, ApiError, upload
from verdict_courier.api_description import has_unproven_rows
from verdict_courier.cli.display import Display
from verdict_courier.cli.endpoints import LOCAL, local_address
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.following import follow, wait
from verdict_courier.cli.misuse import Misused
from verdict_courier.cli.texts import plain, printable
from verdict_courier.cli.watch import table, watch_columns
from verdict_courier.console.console import WebConsole
from verdict_courier.console.log_sources import AwsConsoleLinks
from verdict_courier.console.server import serve
from verdict_courier.job_feed import JobFeed
from verdict_courier.patience import read_patiently
from verdict_courier.results import error_lines, listed_results, save_manifest

#: The most characters of a file's name that the API takes.
_MOST_OF_A_NAME = 255


Command = Callable[[ApiClient, Display, Namespace], ExitCode]
Document = dict[str, Any]


def submit(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Upload a file, which starts its job."""
    job = _upload(api, display, options, quote=options.quote)
    return ExitCode.MISUSED if job is None else follow(api, display, job, options)


def quote(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Say what would be sent of a file, and what it costs; nothing is sent."""
    job = _upload(api, display, options, quote=True)
    if job is None:
        return ExitCode.MISUSED
    try:
        job = wait(api, display, job, until=lambda each: bool(each.get("approval")))
    finally:
        # Also after Ctrl-C: what nobody is going to approve must not wait.
        if not options.keep and not (job and job["outcome"]):
            job = api.call("POST", f"/jobs/{job['job_id']}/cancel")
    display.job(job)
    return ExitCode.DONE if job.get("quote") else ExitCode.NO_RESULTS


def approve(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Approve what a job would send; it is paid for then."""
    job = api.call("POST", f"/jobs/{options.job_id}/approve")
    return follow(api, display, job, options)


def _upload(
    api: ApiClient, display: Display, options: Namespace, *, quote: bool
) -> Document | None:
    """Upload a file and return its job; None, with a note, if it cannot be taken."""
    file: Path = options.file
    # An API of an earlier release would put the rest of the name into the object's key.
    extension_only = f"file{file.suffix.lower()}"
    request = {"provider": options.provider, "type": options.type}
    asks = {"quote": True} if quote else {}  # an earlier release refuses it
    form = api.call("POST", "/uploads", {**request, "name": extension_only, **asks})
    takes_remarks = "name" in form.get("find_job", {}).get("body", {})
    if options.label and not takes_remarks:
        display.error("This stack is of an earlier release, which takes no --label.")
        return None
    if file.stat().st_size > form["max_bytes"]:
        display.error(f"{file} is larger than {form['max_bytes']} bytes")
        return None
    version_id = upload(form, file)
    name = printable(file.name)[-_MOST_OF_A_NAME:]
    remarks = {"name": name, **({"label": options.label} if options.label else {})}
    # This returns the job that the upload started, or starts it.
    job: Document = api.call(
        "POST",
        "/jobs",
        {
            "key": form["key"],
            "version_id": version_id,
            **(remarks if takes_remarks else {}),
        },
    )
    return job


def status(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show the state of a job."""
    read = partial(api.call, "GET", f"/jobs/{options.job_id}")
    job = read_patiently(read, display.note) if options.wait else read()
    return follow(api, display, job, options)


def list_jobs(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show jobs, newest first."""
    filters = {name: getattr(options, name) for name in ("outcome", "provider", "day")}
    query = {name: value for name, value in filters.items() if value}
    display.jobs(_jobs(api, query, limit=options.limit))
    return ExitCode.DONE


def results(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show the results of a job, or download them; or why there are none."""
    path = f"/jobs/{options.job_id}"
    try:
        response = api.call("GET", f"{path}/results")
    except ApiError as error:
        job = api.call("GET", path) if error.status == codes.conflict else {}
        if "error" not in job.get("links", ()):
            raise
        details = api.call("GET", f"/jobs/{job['job_id']}/error")
        display.error_lines(error_lines(details))
        return ExitCode.NO_RESULTS
    listed = listed_results(response)
    kinds = [result.kind for result in listed]
    if unknown := set(options.only) - set(kinds):
        there_is = ", ".join(kinds) or "no result"
        raise Misused(f"there is no {printable(min(unknown))}, but {there_is}")
    if options.download:
        save_manifest(response, options.download)
    placed_files = []
    for result in listed:
        if options.only and result.kind not in options.only:
            continue
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
    return follow(api, display, job, options)


def watch(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show the newest jobs with their timelines, live."""
    feed = JobFeed(api, limit=options.limit)
    if options.once or not display.is_live:
        jobs = read_patiently(feed.read, display.note)
        display.table(watch_columns(now=time.time()), jobs, table)
        return ExitCode.DONE
    with display.live() as live:
        drawn = Table()

        def tell(note: str) -> None:
            live.update(Group(drawn, plain(note, "yellow")), refresh=True)

        while True:  # until Ctrl-C
            jobs = read_patiently(feed.read, tell)
            drawn = table(watch_columns(now=time.time()), jobs, display.width)
            live.update(drawn, refresh=True)
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
        display.note("Whoever has this address sees the jobs. Ctrl-C stops it.")
        threading.Event().wait()
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
