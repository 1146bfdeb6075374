"""Execution history: which states a job's attempt has passed, from Step Functions."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.api import timeline
from functions.api.timeline import Timeline
from functions.aws.clients import error_code, translate_aws_errors
from functions.aws.executions import execution_arn
from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

#: The largest page that Step Functions returns, and the most pages read of one
#: history: a job of a day has two.
_PAGE = 1000
_PAGES = 5


class ExecutionHistory:
    """The histories of the state machine's executions, without inputs and outputs."""

    def __init__(self, state_machine: str, *, step_functions: "SFNClient") -> None:
        self._state_machine = state_machine
        self._step_functions = step_functions

    def timeline(self, job: Job) -> Timeline:
        """Return what a job's attempt did: its latest 5,000 events at the most.

        The timeline is empty where the attempt never began, or where Step Functions
        no longer keeps its history.
        """
        events: list[HistoryEventTypeDef] = []
        token: dict[str, str] = {}
        with translate_aws_errors("read an execution's history"):
            try:
                for _ in range(_PAGES):
                    page = self._step_functions.get_execution_history(
                        executionArn=execution_arn(self._state_machine, job),
                        includeExecutionData=False,
                        maxResults=_PAGE,
                        reverseOrder=True,
                        **token,
                    )
                    events += page["events"]
                    token = (
                        {"nextToken": page["nextToken"]} if "nextToken" in page else {}
                    )
                    if not token:
                        break
            except ClientError as error:
                if error_code(error) == "ExecutionDoesNotExist":
                    return Timeline()
                raise
        events.sort(key=lambda event: event["id"])
        return timeline.read_timeline(events, truncated=bool(token))
