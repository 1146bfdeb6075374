"""Run the command of `courier` that lists jobs, all or those with a name or a label."""

from argparse import Namespace
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from verdict_courier.api_client import ApiClient
from verdict_courier.api_description import most_jobs
from verdict_courier.cli.display import Display
from verdict_courier.cli.exit_codes import ExitCode

#: The most jobs among which a text is looked for: no index has it.
_MOST_SEARCHED = 1_000

Document = dict[str, Any]


def list_jobs(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show jobs, newest first."""
    filters = {name: getattr(options, name) for name in ("outcome", "provider", "day")}
    query = {name: value for name, value in filters.items() if value}
    if not options.text:
        display.jobs(islice(_jobs(api, query), options.limit))
        return ExitCode.DONE
    searched, found = 0, []
    jobs = _jobs(api, {**query, "limit": str(most_jobs())})
    for job in islice(jobs, _MOST_SEARCHED):
        searched += 1
        if _has(job, options.text):
            found.append(job)
            if len(found) == options.limit:
                break
    display.jobs(found)
    which = " that the other options select" if query else ""
    more = ""
    if len(found) == options.limit:
        more = "; older ones may have it, too: --limit shows more"
    elif searched == _MOST_SEARCHED:
        more = "; older ones may have it, too"
        more += "" if options.day else ": --day looks at those of a day"
    display.note(f"The newest {searched:,} jobs{which} were looked at{more}.")
    return ExitCode.DONE


def _has(job: Document, text: str) -> bool:
    """Return whether a job's name or label has a text, in any letter case."""
    remarks = (str(job.get(name) or "") for name in ("name", "label"))
    return any(text.casefold() in remark.casefold() for remark in remarks)


def _jobs(api: ApiClient, query: Mapping[str, str]) -> Iterator[Document]:
    parameters = dict(query)
    while True:
        page = api.call("GET", "/jobs", query=parameters)
        yield from page["jobs"]
        if page["next"] is None:
            return
        parameters["cursor"] = page["next"]
