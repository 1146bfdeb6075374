"""Commands: what `courier` does, one function a command."""

import hashlib
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from pathlib import Path, PurePosixPath
from typing import Any

from verdict_courier.api_client import Api, Refused, fetched, upload
from verdict_courier.cli.display import Display, progress
from verdict_courier.cli.endpoints import LOCAL, local_record
from verdict_courier.cli.watch import table
from verdict_courier.console.console import Board
from verdict_courier.console.log_sources import InAws
from verdict_courier.console.server import served
from verdict_courier.job_feed import Following

_FRUITFUL = ("succeeded", "partial")
_LOOK_SECONDS = 1.0


class Exit(IntEnum):
    """How a command ends; 2 is argparse's own."""

    DONE = 0
    NO_RESULTS = 1  # the job ended without any
    MISUSED = 2
    REFUSED = 3  # the API said no
    UNREACHABLE = 4


Command = Callable[[Api, Display, Namespace], Exit]
Job = dict[str, Any]


def submit(api: Api, display: Display, given: Namespace) -> Exit:
    """Upload a file; its job starts by itself."""
    file: Path = given.file
    # Of its name only the ending says something; the rest may be about a person.
    name = f"file{file.suffix.lower()}"
    asked = {"provider": given.provider, "type": given.type, "name": name}
    form = api.call("POST", "/uploads", asked)
    if file.stat().st_size > form["max_bytes"]:
        display.trouble(f"{file} is larger than {form['max_bytes']} bytes")
        return Exit.MISUSED
    version = upload(form, file.read_bytes())
    # Answers with the job that the upload has started, or starts it.
    job = api.call("POST", "/jobs", {"key": form["key"], "version_id": version})
    return _followed(api, display, job, given)


def status(api: Api, display: Display, given: Namespace) -> Exit:
    """Show how a job is doing."""
    job = api.call("GET", f"/jobs/{given.job_id}")
    return _followed(api, display, job, given)


def listed(api: Api, display: Display, given: Namespace) -> Exit:
    """Show jobs, newest first."""
    filters = {name: getattr(given, name) for name in ("outcome", "provider", "day")}
    query = {name: value for name, value in filters.items() if value}
    display.jobs(_jobs(api, query, most=given.limit))
    return Exit.DONE


def results(api: Api, display: Display, given: Namespace) -> Exit:
    """Show a job's results, or download them."""
    found = api.call("GET", f"/jobs/{given.job_id}/results")
    files = {file["kind"]: file for file in found["manifest"]["files"]}
    shown = []
    for link in found["links"]:
        file = files[link["kind"]]
        place = file["key"]
        if given.download:
            place = str(_saved(link["href"], file, given.download))
        shown.append({**file, "place": place})
    display.files(shown)
    return Exit.DONE


def cancel(api: Api, display: Display, given: Namespace) -> Exit:
    """Stop following a job."""
    display.job(api.call("POST", f"/jobs/{given.job_id}/cancel"))
    return Exit.DONE


def retry(api: Api, display: Display, given: Namespace) -> Exit:
    """Go on with a job that failed or timed out."""
    job = api.call("POST", f"/jobs/{given.job_id}/retry")
    return _followed(api, display, job, given)


def watch(api: Api, display: Display, given: Namespace) -> Exit:
    """Show the newest jobs with their timelines, live."""
    following = Following(api, most=given.limit)
    if given.once or not display.is_live:
        jobs = following.look()
        display.picture(table(jobs, now=time.time()), jobs)
        return Exit.DONE
    with display.live() as place:
        while True:  # until Ctrl-C
            jobs = following.look()
            place.update(table(jobs, now=time.time()), refresh=True)
            time.sleep(given.every)


def page(api: Api, display: Display, given: Namespace) -> Exit:
    """Show the jobs in a browser, live."""
    if given.stage == LOCAL and not given.url:
        # It is there already: `make up` serves it, with logs and messages.
        display.address(local_record()["page"])
        return Exit.DONE
    board = Board(
        api, where=given.url or given.stage, every=given.every, backstage=InAws()
    )
    with served(board.reply) as address:
        display.address(address)
        display.notes.print("Whoever has this address sees the jobs. End with Ctrl-C.")
        threading.Event().wait()
    return Exit.DONE


def _followed(api: Api, display: Display, job: Job, given: Namespace) -> Exit:
    if given.wait:
        with display.notes.status(progress(job)) as line:
            while job["outcome"] is None:
                time.sleep(_LOOK_SECONDS)
                job = api.call("GET", f"/jobs/{job['job_id']}")
                line.update(progress(job))
    display.job(job)
    bad = job["outcome"] is not None and job["outcome"] not in _FRUITFUL
    return Exit.NO_RESULTS if bad else Exit.DONE


def _jobs(api: Api, query: Mapping[str, str], *, most: int) -> Iterator[Job]:
    asked = dict(query)
    shown = 0
    while True:
        page = api.call("GET", "/jobs", query=asked)
        for job in page["jobs"][: most - shown]:
            shown += 1
            yield job
        if page["next"] is None or shown == most:
            return
        asked["cursor"] = page["next"]


def _saved(href: str, file: Mapping[str, Any], folder: Path) -> Path:
    """Save a result, if it is what the manifest says."""
    content = fetched(href)
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        raise Refused({"title": f"{file['kind']} is not what the manifest says."})
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / PurePosixPath(file["key"]).name
    place.write_bytes(content)
    return place
