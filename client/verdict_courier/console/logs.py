"""Read the log lines of one job from the log groups of a stack."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

#: Fields that describe the function rather than the job, or have their own column.
_HIDDEN_FIELDS = {
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
#: What the API logs of each request; the operations that only read begin with "get".
_ANSWERED = "request answered"


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One log line of a function; `fields` are all other fields, as `name=value`."""

    at: str
    function: str
    level: str
    message: str
    fields: str

    @property
    def is_read(self) -> bool:
        """Whether the line says no more than that somebody has asked for the job."""
        return self.message == _ANSWERED and " operation=get" in f" {self.fields}"


class LogReader:
    """Log groups of the functions: those that are named, or else all that there are."""

    def __init__(
        self, client: "CloudWatchLogsClient", *, groups: Sequence[str] = ()
    ) -> None:
        self._client = client
        self._groups = groups

    def lines(
        self, job_id: str, *, since: float = 0.0, with_reads: bool = False
    ) -> list[LogLine]:
        """Return the lines that all functions logged about a job, oldest first.

        Lines before `since`, in Unix seconds, are not looked for. Without `with_reads`,
        those that say that the API has shown the job are left out: whoever follows a
        job asks every second.
        """
        events = self._client.get_paginator("filter_log_events")
        lines = [
            line
            for group in self._groups or self._all_groups()
            for page in events.paginate(
                logGroupName=group,
                filterPattern=f'"{job_id}"',
                startTime=int(since * 1000),
            )
            for event in page["events"]
            if (line := parse_line(event["message"], job_id))
            and (with_reads or not line.is_read)
        ]
        return sorted(lines, key=lambda line: line.at)

    def _all_groups(self) -> Iterator[str]:
        groups = self._client.get_paginator("describe_log_groups")
        for page in groups.paginate():
            yield from (group["logGroupName"] for group in page["logGroups"])


def parse_line(message: str, job_id: str) -> LogLine | None:
    """Return a log event as a line about a job; None if it is not one."""
    try:
        event: Any = json.loads(message)
    except ValueError:
        return None  # written by Lambda
    if not isinstance(event, dict) or event.get("job_id") != job_id:
        return None  # an event of the state machine, or a mention of the job
    if "_aws" in event:
        return None  # metrics
    fields = {n: v for n, v in event.items() if n not in _HIDDEN_FIELDS}
    return LogLine(
        at=str(event.get("timestamp", "")),
        function=str(event.get("location", "")),
        level=str(event.get("level", "")),
        message=str(event.get("message", "")),
        fields="  ".join(f"{name}={value}" for name, value in fields.items()),
    )
