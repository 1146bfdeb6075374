"""States: how a Lambda stands in the state machine, with its time and its tries."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from functions.core.errors import (
    RETRYABLE,
    AnswerLost,
    AnswerUnreadable,
    AwsUnavailable,
    ProviderThrottled,
    ProviderUnavailable,
)

_LAMBDA_TROUBLE = (
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
)

#: What a task may meet that a later try may not: our own errors of that family,
#: and Lambda's. Submit is in it too: the ledger makes its repetition safe.
RETRIED_ERRORS = (
    *(error.__name__ for error in RETRYABLE),
    *_LAMBDA_TROUBLE,
    sfn.Errors.TIMEOUT,
)

#: The same for a task that may take long: there a time-out is no trouble.
AWS_ERRORS = (AwsUnavailable.__name__, *_LAMBDA_TROUBLE)

#: Trouble of the provider's, which lasts longer than AWS'. Submit and Check wait for
#: it in the state machine; a Download has no Wait of its own.
PROVIDER_ERRORS = (AnswerLost, AnswerUnreadable, ProviderThrottled, ProviderUnavailable)

#: How much longer a task may take than its function: a function that is still
#: running when its task is tried again would overlap with it.
GRACE = Duration.seconds(30)


def lambda_task(
    scope: Construct,
    name: str,
    function: lambda_.Function,
    comment: str,
    *,
    payload: sfn.TaskInput | None = None,
    keeps_state: bool = False,
) -> tasks.LambdaInvoke:
    """Make the state that calls a function and goes on with what it gives.

    Where it `keeps_state`, it goes on with what it was given itself.
    """
    assert function.timeout is not None  # noqa: S101 - infra.functions sets it
    return tasks.LambdaInvoke(
        scope,
        name,
        comment=comment,
        lambda_function=function,
        payload=payload,
        output_path=None if keeps_state else "$.Payload",
        result_path=sfn.JsonPath.DISCARD if keeps_state else None,
        task_timeout=sfn.Timeout.duration(function.timeout.plus(GRACE)),
        retry_on_service_exceptions=False,  # our own rules have them
    )


def retry(task: sfn.TaskStateBase, errors: tuple[str, ...]) -> None:
    """Try again for some minutes."""
    task.add_retry(
        errors=list(errors),
        interval=Duration.seconds(2),
        backoff_rate=2,
        max_attempts=6,
        max_delay=Duration.minutes(2),
        jitter_strategy=sfn.JitterType.FULL,
    )


def retry_provider_errors(task: sfn.TaskStateBase) -> None:
    """Try again for one to two hours while the provider is in trouble."""
    task.add_retry(
        errors=[error.__name__ for error in PROVIDER_ERRORS],
        interval=Duration.seconds(30),
        backoff_rate=2,
        max_attempts=12,
        max_delay=Duration.minutes(15),
        jitter_strategy=sfn.JitterType.FULL,
    )
