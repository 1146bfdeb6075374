"""Failure events: send executions that ended badly to finalize_execution."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.dead_letters import asynchronous_dead_letter_queue


class FailureEvents(Construct):
    """The rule and the dead-letter queue between the state machine and the function."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        machine: sfn.StateMachine,
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
            description="An execution ended badly, perhaps without recording it",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [machine.state_machine_arn],
                    "status": ["ABORTED", "FAILED", "TIMED_OUT"],
                },
            ),
            targets=[
                targets.LambdaFunction(function, dead_letter_queue=self.dead_letters)
            ],
        )
