"""Executions: jobs on their way through the state machine, named by their ids."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.aws.clients import error_code, translate_aws_errors
from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

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
        with translate_aws_errors("start an execution"):
            try:
                self._states.start_execution(
                    stateMachineArn=self._state_machine,
                    name=job.execution_name,
                    input=json.dumps(job.to_state(), sort_keys=True),
                )
            except ClientError as error:
                if error_code(error) == "ExecutionAlreadyExists":
                    return False
                raise
        return True

    def exists(self, job: Job) -> bool:
        """Say whether a job's attempt was started."""
        with translate_aws_errors("look at an execution"):
            try:
                self._states.describe_execution(
                    executionArn=execution_arn(self._state_machine, job)
                )
            except ClientError as error:
                if error_code(error) == "ExecutionDoesNotExist":
                    return False
                raise
        return True

    def stop(self, job: Job) -> None:
        """Stop a job's attempt; one that has ended, or never began, stays so."""
        with translate_aws_errors("stop an execution"):
            try:
                self._states.stop_execution(
                    executionArn=execution_arn(self._state_machine, job),
                    error="Cancelled",
                    cause="The job was cancelled through the API.",
                )
            except ClientError as error:
                if error_code(error) not in _ENDED:
                    raise


def execution_arn(state_machine: str, job: Job) -> str:
    """Return the ARN of the execution that follows a job's attempt."""
    return f"{executions_of(state_machine)}:{job.execution_name}"


def executions_of(state_machine: str) -> str:
    """Give the ARN of a state machine's executions, without the name of one."""
    return state_machine.replace(":stateMachine:", ":execution:")


def console_of(state_machine: str) -> str:
    """Give the address of its executions in the AWS console, without a name."""
    _, partition, _, region, *_ = state_machine.split(":")
    host = _CONSOLES.get(partition, f"{region}.console.aws.amazon.com")
    arn = executions_of(state_machine)
    return f"https://{host}/states/home?region={region}#/v2/executions/details/{arn}"
