"""Run the commands of `courier`, one function for each."""

from argparse import Namespace
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from requests import codes

from verdict_courier.api_client import ApiClient, ApiError, upload
from verdict_courier.api_description import has_unproven_rows
from verdict_courier.cli.display import Display
from verdict_courier.cli.error_texts import without_results_text
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.following import follow, wait
from verdict_courier.cli.job_ids import SHOWN_DIGITS
from verdict_courier.cli.misuse import Misused
from verdict_courier.cli.texts import printable
from verdict_courier.cli.upload_arguments import list_options, wishes
from verdict_courier.failures import failures
from verdict_courier.patience import read_patiently
from verdict_courier.results import (
    has_results,
    listed_results,
    other_job,
    save_manifest,
)

#: The most characters of a file's name that the API takes.
_MOST_OF_A_NAME = 255


Command = Callable[[ApiClient, Display, Namespace], ExitCode]
Document = dict[str, Any]


def submit(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Upload files, each of which starts a job."""
    jobs = []
    for file in options.files:
        job = _submitted(api, file, options, quote=options.quote)
        if len(options.files) > 1:
            display.note(f"{printable(file.name)}: {job['job_id']}")
        jobs.append(job)
    return _worst(follow(api, display, job, options) for job in jobs)


def quote(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Print what would be sent of a file, and what it costs; nothing is sent."""
    (file,) = options.files
    job = _submitted(api, file, options, quote=True)
    try:
        job = wait(api, display, job, until=lambda each: bool(each.get("approval")))
    finally:
        # Also after Ctrl-C: what nobody is going to approve must not wait.
        if not options.keep and job["outcome"] is None:
            job = api.call("POST", f"/jobs/{job['job_id']}/cancel")
    display.job(job)
    if job["outcome"] == "cancelled":
        display.note("Nothing was sent: the job was there for its quote only.")
    return ExitCode.DONE if job.get("quote") else ExitCode.NO_RESULTS


def approve(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Approve what a job would send; it is paid for then."""
    job = api.call("POST", f"/jobs/{options.job_id}/approve")
    return follow(api, display, job, options)


def _submitted(
    api: ApiClient, file: Path, options: Namespace, *, quote: bool
) -> Document:
    """Upload a file, and return its job."""
    # An API of an earlier release would put the rest of the name into the object's key.
    extension_only = f"file{file.suffix.lower()}"
    request = {"provider": options.provider, "type": options.type}
    # An earlier release refuses what it does not know.
    asks = {**wishes(options), **({"quote": True} if quote else {})}
    form = api.call("POST", "/uploads", {**request, "name": extension_only, **asks})
    takes_remarks = "name" in form.get("find_job", {}).get("body", {})
    if options.label and not takes_remarks:
        raise Misused("This stack is of an earlier release, which takes no --label.")
    if file.stat().st_size > form["max_bytes"]:
        raise Misused(f"{file} is larger than {form['max_bytes']} bytes")
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


def results(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show the results of jobs, or download them; or why there are none."""
    several = len(options.job_ids) > 1

    def of(job_id: str) -> ExitCode:
        folder = options.download
        if several:  # results of several jobs have the same names
            display.note(f"{job_id}:")
            folder = folder and folder / job_id[:SHOWN_DIGITS]
        if options.errors:
            return _errors(api, display, job_id)
        return _results(api, display, job_id, folder, options.only)

    return _worst(map(of, options.job_ids))


def _results(
    api: ApiClient,
    display: Display,
    job_id: str,
    folder: Path | None,
    only: Collection[str],
) -> ExitCode:
    path = f"/jobs/{job_id}"
    try:
        response = api.call("GET", f"{path}/results")
    except ApiError as error:
        if error.status != codes.conflict:
            raise
        job = api.call("GET", path)
        lines = failures(api, job)
        if lines:
            display.error_lines(lines)
        if job["outcome"] is None or has_results(job):  # it has ended since
            raise
        if not lines:
            display.error(without_results_text(job))
        return ExitCode.NO_RESULTS
    listed = listed_results(response)
    kinds = [result.kind for result in listed]
    if unknown := set(only) - set(kinds):
        there_is = ", ".join(kinds) or "no result"
        raise Misused(f"there is no {printable(min(unknown))}, but {there_is}")
    if folder:
        _require_own(folder, response)
        save_manifest(response, folder)
    placed_files = []
    for result in listed:
        if only and result.kind not in only:
            continue
        place = str(result.save(folder)) if folder else result.file["key"]
        placed_files.append({**result.file, "place": place})
    display.files(placed_files)
    verdict = response["manifest"].get("rows", {}).get("verdict")
    display.verdict(verdict)
    return ExitCode.ROWS_UNPROVEN if has_unproven_rows(verdict) else ExitCode.DONE


def _require_own(folder: Path, response: Document) -> None:
    """Refuse a folder that has results of another job, or may have."""
    try:
        other = other_job(response, folder)
    except OSError as error:
        path = error.filename or folder / "manifest.json"
        raise Misused(
            f"{path} cannot be read ({error.strerror}), so whose results the folder "
            "has is not known: move it away, or name another folder"
        ) from None
    if other:
        raise Misused(
            f"{folder} has the results of another job, "
            f"{printable(other)[:SHOWN_DIGITS]}: name another folder"
        )


def _errors(api: ApiClient, display: Display, job_id: str) -> ExitCode:
    job = api.call("GET", f"/jobs/{job_id}")
    lines = failures(api, job)
    display.error_lines(lines)
    if not lines and job.get("erased_at"):
        display.note("What the provider has said, if anything, was erased.")
    elif not lines:
        display.note("The provider has said nothing about a failure.")
    return ExitCode.DONE


def cancel(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Stop following a job."""
    display.job(api.call("POST", f"/jobs/{options.job_id}/cancel"))
    return ExitCode.DONE


def retry(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Continue a job that did not succeed, or the failed requests of a batch."""
    path, asked = f"/jobs/{options.job_id}", list_options(options)
    if asked and "list_options" not in api.call("GET", path):
        # It would retry the job, and not read the body.
        raise Misused(
            "This stack is of an earlier release, which has no --column here."
        )
    job = api.call("POST", f"{path}/retry", asked or None)
    return follow(api, display, job, options)


def _worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code of several jobs: of the one that went worst, or of Ctrl-C."""
    seen = set()
    for code in codes:
        seen.add(code)
        if code is ExitCode.INTERRUPTED:
            return code
    worst = (
        ExitCode.NO_RESULTS,
        ExitCode.ROWS_UNPROVEN,
        ExitCode.APPROVAL_NEEDED,
    )
    return next((code for code in worst if code in seen), ExitCode.DONE)
