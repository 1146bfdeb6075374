"""Logs: the log lines of one job on a local stack."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

#: What a line says of its function rather than of the job.
_OF_THE_FUNCTION = {
    "cold_start",
    "function_arn",
    "function_memory_size",
    "function_name",
    "function_request_id",
    "job_id",
    "level",
    "location",
    "message",
    "service",
    "timestamp",
    "xray_trace_id",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One decision of a function's; `more` is what else it said."""

    at: str
    function: str
    level: str
    message: str
    more: str


class Logs:
    """The log groups of the functions."""

    def __init__(self, client: "CloudWatchLogsClient") -> None:
        self._client = client

    def of(self, job_id: str) -> list[Line]:
        """Give a job's lines from all functions, the oldest first."""
        return sorted(self._lines(job_id), key=lambda line: line.at)

    def _lines(self, job_id: str) -> Iterator[Line]:
        groups = self._client.get_paginator("describe_log_groups")
        found = self._client.get_paginator("filter_log_events")
        for page in groups.paginate():
            for group in page["logGroups"]:
                events = found.paginate(
                    logGroupName=group["logGroupName"], filterPattern=f'"{job_id}"'
                )
                for some in events:
                    for event in some["events"]:
                        yield from _line(event["message"], job_id)


def _line(message: str, job_id: str) -> Iterator[Line]:
    try:
        said: Any = json.loads(message)
    except ValueError:
        return  # Lambda's own
    if not isinstance(said, dict) or said.get("job_id") != job_id:
        return  # an execution's event, or somebody's who mentions the job
    if "_aws" in said:
        return  # metrics, which say nothing in words
    more = {n: v for n, v in said.items() if n not in _OF_THE_FUNCTION}
    yield Line(
        at=str(said.get("timestamp", "")),
        function=str(said.get("location", "")),
        level=str(said.get("level", "")),
        message=str(said.get("message", "")),
        more="  ".join(f"{name}={value}" for name, value in more.items()),
    )
