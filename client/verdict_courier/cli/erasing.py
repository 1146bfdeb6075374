"""Erase a job: ask whether it is meant, and have all of it deleted, however much."""

from argparse import ArgumentParser, Namespace

from verdict_courier.api_client import ApiClient
from verdict_courier.cli.display import Display
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.misuse import Misused
from verdict_courier.cli.terminal import asks, says_yes
from verdict_courier.cli.texts import printable


def add_arguments(erase: ArgumentParser) -> None:
    """Add the arguments that no other command has."""
    erase.add_argument("--yes", action="store_true", help="erase it without asking")


def erase(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Erase what is stored of a job for good: its source, its results, its names."""
    job = api.call("GET", f"/jobs/{options.job_id}")
    if not options.yes:
        if not asks():
            raise Misused("nothing was erased: give --yes if it is meant")
        name = f" ({printable(job['name'])})" if job.get("name") else ""
        question = f"Erase job {job['job_id'][:12]}{name}, so that nobody gets it back?"
        if not says_yes(question):
            display.note("Nothing was erased.")
            return ExitCode.DONE
    path = f"/jobs/{job['job_id']}/erase"
    while not (job := api.call("POST", path))["erased_at"]:
        display.note("There is more: erasing goes on.")
    display.job(job)
    return ExitCode.DONE
