"""Read the progress of a job from the history of its execution."""

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
class ExecutionView:
    """An execution: the states entered so far, the latest job, and how it ended.

    `status` is that of Step Functions; `error` is empty unless the execution failed.
    """

    status: str
    states: tuple[str, ...]
    job: Job | None
    next_check_at: float
    error: str
    woken_early_seconds: float = 0.0  # by which a webhook shortened the last Listen

    @property
    def ended(self) -> bool:
        """Whether the execution has ended."""
        return self.status != "RUNNING"


def read_execution(sfn: "SFNClient", execution_arn: str) -> ExecutionView:
    """Return the current state of an execution."""
    description = sfn.describe_execution(executionArn=execution_arn)
    events = list(history(sfn, execution_arn))
    job, job_at = _latest_job(events)
    return ExecutionView(
        status=description["status"],
        states=tuple(
            event["stateEnteredEventDetails"]["name"]
            for event in events
            if "stateEnteredEventDetails" in event
        ),
        job=job,
        next_check_at=job_at + job.wait_seconds if job else 0.0,
        error=description.get("error", ""),
        woken_early_seconds=_woken_early_seconds(events),
    )


def history(sfn: "SFNClient", execution_arn: str) -> Iterable["HistoryEventTypeDef"]:
    """Yield every event of an execution, the oldest first."""
    pages = sfn.get_paginator("get_execution_history")
    for page in pages.paginate(
        executionArn=execution_arn, PaginationConfig={"PageSize": 1000}
    ):
        yield from page["events"]


def _woken_early_seconds(events: list["HistoryEventTypeDef"]) -> float:
    entered_at = wait_seconds = early = 0.0
    for before, event in pairwise(events):
        if (entered := event.get("stateEnteredEventDetails")) is not None:
            entered_at = event["timestamp"].timestamp()
            state = json.loads(entered.get("input", "{}"))
            wait_seconds = float(state.get("wait_seconds", 0))
        left = event.get("stateExitedEventDetails", {}).get("name")
        if left == "Listen" and before["type"] == "TaskSucceeded":
            early = entered_at + wait_seconds - event["timestamp"].timestamp()
    return max(0.0, early)


def _latest_job(events: list["HistoryEventTypeDef"]) -> tuple[Job | None, float]:
    """Return the job in the latest output of a state, and the time of that output."""
    for event in reversed(events):
        output = event.get("stateExitedEventDetails", {}).get("output")
        state: Any = json.loads(output) if output else None
        if isinstance(state, dict) and "job_id" in state:
            return Job.from_state(state), event["timestamp"].timestamp()
    return None, 0.0
