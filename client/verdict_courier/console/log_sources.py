"""Find the log lines and messages of a job, on this machine or in AWS's consoles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from verdict_courier.console.logs import LogLine, LogReader
from verdict_courier.console.messages import MessageReader

#: Links, each with its `text` and its target `href`.
Links = list[dict[str, str]]

_QUERY = """fields @timestamp, level, message, error, phase, next, wait_seconds
| filter job_id = "{job_id}"
| sort @timestamp"""


class LogSource(Protocol):
    """Log lines and messages, which the API does not return."""

    def links(self, job: Mapping[str, Any]) -> Links:
        """Return the links of a job; those to the console itself are relative."""

    def log_lines(self, job_id: str) -> list[LogLine]:
        """Return the log lines that the console shows itself."""

    def messages(self, job_id: str) -> list[dict[str, Any]]:
        """Return the SNS messages that the console shows itself."""


@dataclass(frozen=True, kw_only=True)
class LocalLogSource:
    """The log lines and messages of a local stack, which the console shows itself."""

    logs: LogReader
    notices: MessageReader

    def links(self, job: Mapping[str, Any]) -> Links:
        """Return the links to pages of the console."""
        return [
            {"text": "log lines", "href": f"logs/{job['job_id']}"},
            {"text": "messages", "href": f"messages/{job['job_id']}"},
        ]

    def log_lines(self, job_id: str) -> list[LogLine]:
        """Return the lines in the functions' log groups."""
        return self.logs.lines(job_id)

    def messages(self, job_id: str) -> list[dict[str, Any]]:
        """Return the messages that the console's queue received."""
        return self.notices.messages(job_id)


class AwsConsoleLinks:
    """Links to AWS's consoles, for a deployed stack, whose logs are not read here."""

    def links(self, job: Mapping[str, Any]) -> Links:
        """Return links to AWS's consoles, on the host that shows the execution."""
        execution: str = job["links"]["execution"]
        console, _, rest = execution.partition("/states/")
        region = rest.partition("region=")[2].partition("#")[0]
        query = _in_fragment(_QUERY.format(job_id=job["job_id"]))
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

    def log_lines(self, job_id: str) -> list[LogLine]:  # noqa: ARG002 - the protocol's
        """Return none."""
        return []

    def messages(self, job_id: str) -> list[dict[str, Any]]:  # noqa: ARG002 - the protocol's
        """Return none."""
        return []


def _in_fragment(query: str) -> str:
    """Encode a query as CloudWatch's console does in its URLs: `*` instead of `%`."""
    return quote(query, safe="").replace("~", "*7e").replace("%", "*")
