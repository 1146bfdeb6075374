"""Journey: what an execution's history says of a job, at any moment."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef


@dataclass(frozen=True, kw_only=True)
class Journey:
    """Where a job is: its states so far, its latest facts, and how it ended.

    `status` is Step Functions' word; `error` is empty unless it failed.
    """

    status: str
    states: tuple[str, ...]
    job: Job | None
    next_check_at: float
    error: str
    woken_early_seconds: float = 0.0  # what a webhook spared of the last wait for one

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status != "RUNNING"


def look(states: "SFNClient", execution_arn: str) -> Journey:
    """Read an execution as it is now."""
    described = states.describe_execution(executionArn=execution_arn)
    events = list(history(states, execution_arn))
    job, seen_at = _latest_job(events)
    return Journey(
        status=described["status"],
        states=tuple(_entered(events)),
        job=job,
        next_check_at=seen_at + job.wait_seconds if job else 0.0,
        error=described.get("error", ""),
        woken_early_seconds=_woken_early(events),
    )


def history(states: "SFNClient", execution_arn: str) -> Iterable["HistoryEventTypeDef"]:
    """Give every event of an execution, the oldest first."""
    pages = states.get_paginator("get_execution_history")
    for page in pages.paginate(
        executionArn=execution_arn, PaginationConfig={"PageSize": 1000}
    ):
        yield from page["events"]


def _entered(events: list["HistoryEventTypeDef"]) -> Iterable[str]:
    for event in events:
        if "stateEnteredEventDetails" in event:
            yield event["stateEnteredEventDetails"]["name"]


def _woken_early(events: list["HistoryEventTypeDef"]) -> float:
    begun = wait = spared = 0.0
    for before, event in pairwise(events):
        if (entered := event.get("stateEnteredEventDetails")) is not None:
            begun = event["timestamp"].timestamp()
            wait = float(json.loads(entered.get("input", "{}")).get("wait_seconds", 0))
        left = event.get("stateExitedEventDetails", {}).get("name")
        if left == "Listen" and before["type"] == "TaskSucceeded":
            spared = begun + wait - event["timestamp"].timestamp()
    return max(0.0, spared)


def _latest_job(events: list["HistoryEventTypeDef"]) -> tuple[Job | None, float]:
    for event in reversed(events):
        output = event.get("stateExitedEventDetails", {}).get("output")
        state: Any = json.loads(output) if output else None
        if isinstance(state, dict) and "job_id" in state:
            return Job.from_state(state), event["timestamp"].timestamp()
    return None, 0.0
