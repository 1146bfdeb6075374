"""Executions: jobs on their way through the state machine, named by their ids."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.core.model import Job
from functions.runtime.aws import code_of, in_our_words

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Executions:
    """The executions of the one state machine."""

    def __init__(self, state_machine: str, *, states: "SFNClient") -> None:
        self._state_machine = state_machine
        self._states = states

    def start(self, job: Job) -> bool:
        """Start a job; False where one of its id was started before.

        Name and input follow from the job's identity alone, so that a repeated
        event, or a call whose answer was lost, starts nothing twice.
        """
        with in_our_words("start an execution"):
            try:
                self._states.start_execution(
                    stateMachineArn=self._state_machine,
                    name=job.job_id,
                    input=json.dumps(job.to_state(), sort_keys=True),
                )
            except ClientError as error:
                if code_of(error) == "ExecutionAlreadyExists":
                    return False
                raise
        return True
