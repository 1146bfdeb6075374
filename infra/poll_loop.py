"""Poll: the states in which something is submitted, waited for and checked.

    Submit ◄── Hold                    a batch's requests go the same way,
      ▼                                in states whose names end in "request"
    Route ──► Wait ──► Check ──► Route
      └─────► Listen ─────▲            a webhook ends it, or its time-out does

What Route does with what is over belongs to whoever uses the poll.
"""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from functions.core.model import Next
from infra.functions import Functions
from infra.task_defaults import AWS_ERRORS, RETRIED_ERRORS, lambda_task, retry


class PollLoop:
    """The states; `whose` ends their names where they stand in a Map."""

    def __init__(
        self,
        scope: Construct,
        *,
        functions: Functions,
        whose: str = "",
    ) -> None:
        self._scope = scope
        self._whose = whose
        self.submitted = lambda_task(
            scope, self._name("Submit"), functions.submit, "Hand it over, at most once"
        )
        self.checked = lambda_task(
            scope, self._name("Check"), functions.check, "Ask the provider once"
        )
        self.route = sfn.Choice(
            scope, self._name("Route"), comment="What the last step decided"
        )
        hold = self._wait("Hold", "Submit again later")
        wait = self._wait("Wait", "Check again later")
        listened = self._listen(functions.listen, wait)
        for step, way, why in (
            (Next.HOLD, hold.next(self.submitted), "it is to be submitted later"),
            (Next.WAIT, wait.next(self.checked), "it is not done yet"),
            (Next.LISTEN, listened.next(self.checked), "it is not done; it may call"),
        ):
            self.route.when(next_is(step), way, comment=why)
        for task in (self.submitted, self.checked):
            retry(task, RETRIED_ERRORS)
            task.next(self.route)

    def catch(self, end: sfn.IChainable) -> None:
        """Say where to go with what a task cannot mend."""
        for task in (self.submitted, self.checked):
            task.add_catch(end, result_path="$.failure")

    def _listen(self, function: lambda_.Function, wait: sfn.Wait) -> tasks.LambdaInvoke:
        """Wait for a webhook; what goes wrong with that costs nothing but the poll."""
        listened = tasks.LambdaInvoke(
            self._scope,
            self._name("Listen"),
            comment="Check as soon as a webhook comes, or later all the same",
            lambda_function=function,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            payload=sfn.TaskInput.from_object(
                {
                    "job": sfn.JsonPath.object_at("$"),
                    "token": sfn.JsonPath.task_token,
                }
            ),
            task_timeout=sfn.Timeout.at("$.wait_seconds"),
            result_path="$.heard_at",
            retry_on_service_exceptions=False,  # our own rules have them
        )
        retry(listened, AWS_ERRORS)
        listened.add_catch(
            self.checked,
            errors=[sfn.Errors.TIMEOUT],
            result_path=sfn.JsonPath.DISCARD,
        )
        listened.add_catch(wait, result_path=sfn.JsonPath.DISCARD)
        return listened

    def _wait(self, name: str, comment: str) -> sfn.Wait:
        time = sfn.WaitTime.seconds_path("$.wait_seconds")
        return sfn.Wait(self._scope, self._name(name), comment=comment, time=time)

    def _name(self, name: str) -> str:
        return f"{name} {self._whose}".strip()


def next_is(step: Next) -> sfn.Condition:
    """Ask what the last step decided."""
    return sfn.Condition.string_equals("$.next", step)
