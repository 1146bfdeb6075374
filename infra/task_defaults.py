"""Task defaults: payload, time-out and retries of the tasks that call a function."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from functions.core.errors import PROVIDER_FAULTS, RETRYABLE, AwsUnavailable

#: https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html,
#: and what https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html says of a
#: function that is being deployed or whose resources are not ready.
_LAMBDA_ERRORS = (
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ResourceConflictException",
    "Lambda.ResourceNotReadyException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
)

#: Errors after which another attempt may succeed: our retryable ones, and Lambda's.
#: Submit retries them, too: its claim in the jobs table makes a repetition safe.
RETRIED_ERRORS = (
    *(error.__name__ for error in RETRYABLE),
    *_LAMBDA_ERRORS,
    sfn.Errors.TIMEOUT,
)

#: The same for a task that waits for a callback, whose time-out is not an error.
AWS_ERRORS = (AwsUnavailable.__name__, *_LAMBDA_ERRORS)

#: How much longer a task may take than its function: otherwise a retry could start
#: while the function is still running.
GRACE = Duration.seconds(30)


def lambda_task(
    scope: Construct,
    name: str,
    function: lambda_.Function,
    comment: str,
    *,
    payload: sfn.TaskInput | None = None,
    discard_response: bool = False,
    outlast_outages: bool = False,
) -> tasks.LambdaInvoke:
    """Return a state that calls a function and outputs its response.

    With `discard_response` the state outputs its input instead. With
    `outlast_outages` it retries the provider's faults for one to two hours, as only
    Download needs: Submit and Check wait for the end of an outage in the poll loop.
    """
    assert function.timeout is not None  # noqa: S101 - infra.functions sets it
    task = tasks.LambdaInvoke(
        scope,
        name,
        comment=comment,
        lambda_function=function,
        payload=payload,
        output_path=None if discard_response else "$.Payload",
        result_path=sfn.JsonPath.DISCARD if discard_response else None,
        task_timeout=sfn.Timeout.duration(function.timeout.plus(GRACE)),
        retry_on_service_exceptions=False,  # RETRIED_ERRORS has them
    )
    if outlast_outages:  # first: the first rule that names an error applies
        task.add_retry(
            errors=[error.__name__ for error in PROVIDER_FAULTS],
            interval=Duration.seconds(30),
            backoff_rate=2,
            max_attempts=12,
            max_delay=Duration.minutes(15),
            jitter_strategy=sfn.JitterType.FULL,
        )
    retry(task, RETRIED_ERRORS)
    return task


def download_task(
    scope: Construct,
    name: str,
    function: lambda_.Function,
    comment: str,
    *,
    job: str,
    kind: str,
    discard_response: bool = False,
) -> tasks.LambdaInvoke:
    """Return a state that downloads one result of a job.

    `job` and `kind` are the paths of the job's state and of the result's kind.
    """
    return lambda_task(
        scope,
        name,
        function,
        comment,
        payload=sfn.TaskInput.from_object(
            {
                "job": sfn.JsonPath.object_at(job),
                "kind": sfn.JsonPath.string_at(kind),
                "attempt": sfn.JsonPath.number_at("$$.State.RetryCount"),
            }
        ),
        discard_response=discard_response,
        outlast_outages=True,
    )


def retry(
    task: sfn.TaskStateBase | sfn.DistributedMap, errors: tuple[str, ...]
) -> None:
    """Retry a task on some errors, for a few minutes."""
    task.add_retry(
        errors=list(errors),
        interval=Duration.seconds(2),
        backoff_rate=2,
        max_attempts=6,
        max_delay=Duration.minutes(2),
        jitter_strategy=sfn.JitterType.FULL,
    )
