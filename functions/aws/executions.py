"""Executions: start, find, stop and describe executions of the state machine."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from functions.aws import clients
from functions.aws.clients import error_code, translate_aws_errors
from functions.aws.settings import function_settings
from functions.core.keys import ENV_STATE_MACHINE
from functions.core.model import Job, Outcome, State

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

#: Error codes of Step Functions for an execution that never started, or has ended.
_NOTHING_TO_STOP = {"ExecutionDoesNotExist", "ValidationException"}
#: Fields of a job that release 0.1.0 did not have.
_LATER_FIELDS = {"distinct_rows", "error_key", "late", "verdict"}
#: From the notice to the end of an execution there are six events, and at most 23 from
#: the beginning of a state that has retries.
_LAST_EVENTS = 25
_OUTCOMES = {
    "ABORTED": Outcome.CANCELLED,  # stopped, through the API or in the AWS console
    "TIMED_OUT": Outcome.TIMED_OUT,
    "FAILED": Outcome.FAILED,
}
_CONSOLES = {
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


@dataclass(frozen=True, kw_only=True)
class ExecutionResult:
    """How an execution ended, or that it still runs.

    `status` is that of Step Functions, `error` the bare name of the error that ended
    it. `job` is its input, with the provider's reference if the last states have it;
    None if a person started it with another input. `notified` is whether the workflow
    has sent its notice.
    """

    name: str
    status: str
    error: str
    job: Job | None
    notified: bool
    ended_at: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """The outcome of a job whose execution ended without recording one.

        NONE if the execution runs or succeeded: then it has recorded one.
        """
        return _OUTCOMES.get(self.status, Outcome.NONE)

    @property
    def outcome_error(self) -> str:
        """The error that belongs to `outcome`; none if somebody stopped it."""
        return "" if self.outcome is Outcome.CANCELLED else self.error


class Executions:
    """The executions of the one state machine, named by the ids of their jobs."""

    def __init__(self, state_machine: str, *, step_functions: "SFNClient") -> None:
        self._state_machine = state_machine
        self._step_functions = step_functions

    @classmethod
    def from_environment(cls) -> Self:
        """Return the executions of the state machine that the environment names."""
        settings = function_settings(ENV_STATE_MACHINE)
        return cls(settings.state_machine, step_functions=clients.step_functions())

    def start(self, job: Job) -> bool:
        """Start a job's attempt; return False if it certainly was started before.

        Name and input depend only on the job's identity and attempt, so that a
        repeated event, or a call whose response was lost, starts nothing twice. While
        the execution runs, AWS responds to a repeated start as to the first one.
        """
        with translate_aws_errors("start an execution"):
            try:
                self._step_functions.start_execution(
                    stateMachineArn=self._state_machine,
                    name=job.execution_name,
                    input=json.dumps(execution_input(job), sort_keys=True),
                )
            except ClientError as error:
                if error_code(error) == "ExecutionAlreadyExists":
                    return False
                raise
        return True

    def find(self, name: str) -> ExecutionResult | None:
        """Return how an execution ended, or that it runs; None if there is none."""
        arn = execution_arn(self._state_machine, name)
        with translate_aws_errors("describe an execution"):
            try:
                return _describe(arn, self._step_functions)
            except ClientError as error:
                if error_code(error) == "ExecutionDoesNotExist":
                    return None
                raise

    def stop(self, name: str) -> bool:
        """Stop an execution that runs; return False if it was never started."""
        with translate_aws_errors("stop an execution"):
            try:
                self._step_functions.stop_execution(
                    executionArn=execution_arn(self._state_machine, name),
                    error="Cancelled",
                    cause="The job was cancelled through the API.",
                )
            except ClientError as error:
                if error_code(error) not in _NOTHING_TO_STOP:
                    raise
                return error_code(error) != "ExecutionDoesNotExist"
        return True


def describe(execution_arn: str, *, step_functions: "SFNClient") -> ExecutionResult:
    """Return how an execution ended, as Step Functions describes it.

    The status events of a state machine with a KMS key have neither input nor error,
    so that both have to be read here.
    """
    with translate_aws_errors("describe an execution"):
        return _describe(execution_arn, step_functions)


def execution_input(job: Job) -> State:
    """Return the state with which a job's attempt starts.

    Fields that an earlier release did not have are in it only if they are set: starting
    an attempt again after a deployment needs the same input as the first time.
    """
    defaults = Job(job_id="", provider="", type="").to_state()
    return {
        name: value
        for name, value in job.to_state().items()
        if name not in _LATER_FIELDS or value != defaults[name]
    }


def execution_arn(state_machine: str, name: str) -> str:
    """Return the ARN of an execution."""
    executions = state_machine.replace(":stateMachine:", ":execution:")
    return f"{executions}:{name}"


def execution_url(state_machine: str, name: str) -> str:
    """Return the address in the AWS console of an execution."""
    _, partition, _, region, *_ = state_machine.split(":")
    host = _CONSOLES.get(partition, f"{region}.console.aws.amazon.com")
    arn = execution_arn(state_machine, name)
    return f"https://{host}/states/home?region={region}#/v2/executions/details/{arn}"


def _describe(arn: str, step_functions: "SFNClient") -> ExecutionResult:
    described = step_functions.describe_execution(executionArn=arn)
    last = step_functions.get_execution_history(
        executionArn=arn, reverseOrder=True, maxResults=_LAST_EVENTS
    )
    error = described.get("error") or "States.Timeout"
    return ExecutionResult(
        name=described["name"],
        status=described["status"],
        # Whoever stops an execution by hand can write anything here.
        error=error if re.fullmatch(r"[A-Za-z.]{1,64}", error) else "",
        job=_with_reference(_read_job(described.get("input", "")), last["events"]),
        notified=any(_is_notice(event) for event in last["events"]),
        ended_at=stopped.timestamp() if (stopped := described.get("stopDate")) else 0.0,
    )


def _with_reference(
    job: Job | None, events: Sequence["HistoryEventTypeDef"]
) -> Job | None:
    """Return a job with the provider's reference, where a state has it.

    The jobs table may lack it: then it is known nowhere else.
    """
    if job is None:
        return None
    for event in events:
        text = event.get("stateEnteredEventDetails", {}).get("input", "")
        known = _read_job(text)
        if known and known.job_id == job.job_id and known.provider_ref:
            return job.with_(
                provider_ref=known.provider_ref,
                submitted_at=known.submitted_at,
                rows=known.rows,
                distinct_rows=known.distinct_rows,
            )
    return job


def _read_job(text: str) -> Job | None:
    try:
        return Job.from_state(json.loads(text))
    except (ValueError, TypeError, AttributeError):
        return None


def _is_notice(event: "HistoryEventTypeDef") -> bool:
    left = event.get("stateExitedEventDetails", {}).get("name")
    succeeded = event.get("taskSucceededEventDetails", {}).get("resourceType")
    return left == "Notify" or succeeded == "sns"
