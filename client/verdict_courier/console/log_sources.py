"""Backstage: where a job's log lines and messages are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from verdict_courier.console.logs import Line, Logs
from verdict_courier.console.messages import Messages

#: The text of a link and where it leads.
Links = list[dict[str, str]]

_QUERY = """fields @timestamp, level, message, error, phase, next, wait_seconds
| filter job_id = "{job_id}"
| sort @timestamp"""


class Backstage(Protocol):
    """What the API does not give: the page shows it, or leads to it."""

    def links(self, job: Mapping[str, Any]) -> Links:
        """Give the links of a job, those below the page without a slash before."""

    def lines(self, job_id: str) -> list[Line]:
        """Give the log lines that are shown here."""

    def messages(self, job_id: str) -> list[dict[str, Any]]:
        """Give the notices that are shown here."""


@dataclass(frozen=True, kw_only=True)
class OnThisMachine:
    """A local stack, whose logs and messages the page shows itself."""

    logs: Logs
    notices: Messages

    def links(self, job: Mapping[str, Any]) -> Links:
        """Give the links to pages of ours."""
        return [
            {"text": "log lines", "href": f"logs/{job['job_id']}"},
            {"text": "messages", "href": f"messages/{job['job_id']}"},
        ]

    def lines(self, job_id: str) -> list[Line]:
        """Read them from the functions' log groups."""
        return self.logs.of(job_id)

    def messages(self, job_id: str) -> list[dict[str, Any]]:
        """Give those that the page's queue received."""
        return self.notices.of(job_id)


class InAws:
    """A deployed stack, whose consoles show them; the page has no rights there."""

    def links(self, job: Mapping[str, Any]) -> Links:
        """Give the links to the consoles, on the host that shows the execution."""
        execution: str = job["links"]["execution"]
        console, _, rest = execution.partition("/states/")
        region = rest.partition("region=")[2].partition("#")[0]
        query = _in_a_fragment(_QUERY.format(job_id=job["job_id"]))
        insights = (
            f"{console}/cloudwatch/home?region={region}#logsV2:logs-insights"
            f"$3FqueryDetail$3D~(end~0~start~-604800~timeType~'RELATIVE~unit~'seconds"
            f"~editorString~'{query})"
        )
        topics = f"{console}/sns/v3/home?region={region}#/topics"
        return [
            {"text": "execution", "href": execution},
            {"text": "log lines", "href": insights},
            {"text": "messages", "href": topics},
        ]

    def lines(self, job_id: str) -> list[Line]:  # noqa: ARG002 - as the other
        """Give none."""
        return []

    def messages(self, job_id: str) -> list[dict[str, Any]]:  # noqa: ARG002 - as the other
        """Give none."""
        return []


def _in_a_fragment(query: str) -> str:
    """Write a query as the console does in its addresses: `*` is its `%`."""
    return quote(query, safe="").replace("~", "*7e").replace("%", "*")
