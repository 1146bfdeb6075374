"""Endings: how an execution ended, as Step Functions has it."""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.aws.clients import translate_aws_errors
from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

#: From the notice to the end of an execution there are six events.
_LAST_EVENTS = 25


@dataclass(frozen=True, kw_only=True)
class ExecutionResult:
    """The end of an execution.

    `status` is Step Functions' word and `error` the bare name of what ended it.
    `job` is what it began with, None where a person started it with something
    else. `notified` says whether the workflow got as far as telling of it.
    """

    status: str
    error: str
    job: Job | None
    notified: bool


class Endings:
    """What Step Functions knows of ended executions.

    It is asked, not believed from the event: events of a state machine with a
    key of its own carry neither input nor error.
    """

    def __init__(self, *, states: "SFNClient") -> None:
        self._states = states

    def describe(self, execution_arn: str) -> ExecutionResult:
        """Look at an execution that has ended."""
        with translate_aws_errors("look at an execution"):
            described = self._states.describe_execution(executionArn=execution_arn)
            last = self._states.get_execution_history(
                executionArn=execution_arn, reverseOrder=True, maxResults=_LAST_EVENTS
            )
        error = described.get("error") or "States.Timeout"
        return ExecutionResult(
            status=described["status"],
            # Whoever stops an execution by hand can write here what they like.
            error=error if re.fullmatch(r"[A-Za-z.]{1,64}", error) else "",
            job=_job(described.get("input", "")),
            notified=any(_is_notice(event) for event in last["events"]),
        )


def _job(text: str) -> Job | None:
    try:
        return Job.from_state(json.loads(text))
    except (ValueError, TypeError, AttributeError):
        return None


def _is_notice(event: "HistoryEventTypeDef") -> bool:
    left = event.get("stateExitedEventDetails", {}).get("name")
    done = event.get("taskSucceededEventDetails", {}).get("resourceType")
    return left == "Notify" or done == "sns"
