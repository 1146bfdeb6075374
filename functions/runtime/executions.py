"""Executions: jobs on their way through the state machine, named by their ids."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.core import timeline
from functions.core.model import Job
from functions.core.timeline import Timeline
from functions.runtime.aws import code_of, in_our_words

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

#: The most that a page of a history has, and the most pages that are read of one:
#: a job of a day has two.
_PAGE = 1000
_PAGES = 5
#: How Step Functions answers a stop that comes too late or too early.
_ENDED = {"ExecutionDoesNotExist", "ValidationException"}
_CONSOLES = {
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


class Executions:
    """The executions of the one state machine."""

    def __init__(self, state_machine: str, *, states: "SFNClient") -> None:
        self._state_machine = state_machine
        self._states = states

    def start(self, job: Job) -> bool:
        """Start a job's attempt; False where it surely was started before.

        AWS answers the equal start of a running execution like the first one.
        Name and input follow from the job's identity and its attempt alone, so that
        a repeated event, or a call whose answer was lost, starts nothing twice.
        """
        with in_our_words("start an execution"):
            try:
                self._states.start_execution(
                    stateMachineArn=self._state_machine,
                    name=job.execution_name,
                    input=json.dumps(job.to_state(), sort_keys=True),
                )
            except ClientError as error:
                if code_of(error) == "ExecutionAlreadyExists":
                    return False
                raise
        return True

    def exists(self, job: Job) -> bool:
        """Say whether a job's attempt was started."""
        with in_our_words("look at an execution"):
            try:
                self._states.describe_execution(executionArn=self._arn(job))
            except ClientError as error:
                if code_of(error) == "ExecutionDoesNotExist":
                    return False
                raise
        return True

    def stop(self, job: Job) -> None:
        """Stop a job's attempt; one that has ended, or never began, stays so."""
        with in_our_words("stop an execution"):
            try:
                self._states.stop_execution(
                    executionArn=self._arn(job),
                    error="Cancelled",
                    cause="The job was cancelled through the API.",
                )
            except ClientError as error:
                if code_of(error) not in _ENDED:
                    raise

    def timeline(self, job: Job) -> Timeline:
        """Read what a job's attempt did, the latest of it where that is long.

        An attempt that never began, or that Step Functions keeps no longer, did
        nothing. Inputs and outputs are not asked for.
        """
        events: list[HistoryEventTypeDef] = []
        token: dict[str, str] = {}
        with in_our_words("read an execution's history"):
            try:
                for _ in range(_PAGES):
                    page = self._states.get_execution_history(
                        executionArn=self._arn(job),
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
                if code_of(error) == "ExecutionDoesNotExist":
                    return Timeline()
                raise
        events.sort(key=lambda event: event["id"])
        return timeline.read(events, truncated=bool(token))

    def _arn(self, job: Job) -> str:
        return f"{executions_of(self._state_machine)}:{job.execution_name}"


def executions_of(state_machine: str) -> str:
    """Give the ARN of a state machine's executions, without the name of one."""
    return state_machine.replace(":stateMachine:", ":execution:")


def console_of(state_machine: str) -> str:
    """Give the address of its executions in the AWS console, without a name."""
    _, partition, _, region, *_ = state_machine.split(":")
    host = _CONSOLES.get(partition, f"{region}.console.aws.amazon.com")
    arn = executions_of(state_machine)
    return f"https://{host}/states/home?region={region}#/v2/executions/details/{arn}"
