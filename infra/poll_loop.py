"""Poll loop: build the states that submit a job and poll until it is done.

    Submit ◄── Hold
      ▼
    Route ──► Wait ──► Check ──► Route
      └─────► Listen ─────▲      ends early when a webhook arrives

A job has such a loop, and so has each request of a batch. The caller adds what Route
does after the last check.
"""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from functions.core.model import Next
from infra.functions import Functions
from infra.task_defaults import AWS_ERRORS, lambda_task, retry


class PollLoop:
    """The states of the loop; `suffix` makes their names unique."""

    def __init__(
        self, scope: Construct, *, functions: Functions, suffix: str = ""
    ) -> None:
        def name(state: str) -> str:
            return f"{state} {suffix}".strip()

        delay = sfn.WaitTime.seconds_path("$.wait_seconds")
        self.submit = lambda_task(
            scope, name("Submit"), functions.submit, "Submit the job at most once"
        )
        self.check = lambda_task(
            scope, name("Check"), functions.check, "Ask the provider for the status"
        )
        self.route = sfn.Choice(
            scope, name("Route"), comment="Go where the last step decided"
        )
        self.hold = sfn.Wait(
            scope, name("Hold"), comment="Wait before submitting", time=delay
        )
        wait = sfn.Wait(
            scope, name("Wait"), comment="Wait before the next check", time=delay
        )
        listen = token_task(
            scope,
            name("Listen"),
            functions.listen,
            "Wait for the webhook, or for the time of the next check",
            result_path="$.heard_at",
        )

        self.submit.next(self.route)
        self.check.next(self.route)
        self.hold.next(self.submit)
        listen.next(self.check)
        # Without a webhook the job is polled: at once after a time-out, and after a
        # plain Wait if Listen itself failed.
        listen.add_catch(
            self.check,
            errors=[sfn.Errors.TIMEOUT],
            result_path=sfn.JsonPath.DISCARD,
        )
        listen.add_catch(wait, result_path=sfn.JsonPath.DISCARD)
        wait.next(self.check)

        self.route.when(next_is(Next.HOLD), self.hold, comment="submit later")
        self.route.when(next_is(Next.WAIT), wait, comment="check later")
        self.route.when(
            next_is(Next.LISTEN), listen, comment="check after the webhook, or later"
        )


def next_is(step: Next) -> sfn.Condition:
    """Return the condition that the last step decided on `step`."""
    return sfn.Condition.string_equals("$.next", step)


def token_task(
    scope: Construct,
    name: str,
    function: lambda_.Function,
    comment: str,
    *,
    result_path: str,
) -> tasks.LambdaInvoke:
    """Return a state that waits for its token, for `wait_seconds` at most.

    The function stores the token; what comes with its use is no part of the job.
    """
    task = tasks.LambdaInvoke(
        scope,
        name,
        comment=comment,
        lambda_function=function,
        integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
        payload=sfn.TaskInput.from_object(
            {
                "job": sfn.JsonPath.object_at("$"),
                "token": sfn.JsonPath.task_token,
            }
        ),
        task_timeout=sfn.Timeout.at("$.wait_seconds"),
        result_path=result_path,
        retry_on_service_exceptions=False,  # AWS_ERRORS has them
    )
    retry(task, AWS_ERRORS)
    return task
