"""Sweep schedule: call the sweep function at regular intervals."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from functions.core.schedule import SWEEP_SECONDS
from infra.dead_letters import asynchronous_dead_letter_queue


class SweepSchedule(Construct):
    """The rule that calls the function, and the queue of calls that failed."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.Function,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = asynchronous_dead_letter_queue(
            self, function=function, key=key, removal_policy=removal_policy
        )
        events.Rule(
            self,
            "Rule",
            description="Time to look at jobs that timed out",
            schedule=events.Schedule.rate(Duration.seconds(SWEEP_SECONDS)),
            targets=[
                targets.LambdaFunction(function, dead_letter_queue=self.dead_letters)
            ],
        )
