"""Execution history: read the states of a job's execution from Step Functions."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.api.timeline import Timeline, read_timeline
from functions.aws.clients import error_code, translate_aws_errors
from functions.aws.executions import execution_arn

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

#: The largest page that Step Functions returns, and the most pages that are read: the
#: history of a job that takes a day has two.
_PAGE_SIZE = 1000
_MAX_PAGES = 5


class ExecutionHistory:
    """The histories of a state machine's executions, without inputs and outputs."""

    def __init__(self, state_machine: str, *, step_functions: "SFNClient") -> None:
        self._state_machine = state_machine
        self._step_functions = step_functions

    def timeline(self, execution: str) -> Timeline:
        """Return the timeline of an execution, from its latest 5,000 events.

        The timeline is empty if it never started, or if Step Functions does
        not keep its history any more.
        """
        events: list[HistoryEventTypeDef] = []
        token: dict[str, str] = {}
        with translate_aws_errors("read an execution's history"):
            try:
                for _ in range(_MAX_PAGES):
                    page = self._step_functions.get_execution_history(
                        executionArn=execution_arn(self._state_machine, execution),
                        includeExecutionData=False,
                        maxResults=_PAGE_SIZE,
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
        return read_timeline(events, truncated=bool(token))
