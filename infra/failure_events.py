"""Reflection: brings the news of an execution's bad end to the reflect function."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.nag import acknowledge


class FailureEvents(Construct):
    """Rule and dead-letter queue between the state machine and the function."""

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
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=removal_policy,
        )
        acknowledge(
            self.dead_letters,
            "Serverless-SQSRedrivePolicy",
            "This is where events end that could not be handled.",
        )
        acknowledge(
            self.dead_letters,
            "AwsSolutions-SQS3",
            "It is one: of a rule and of a function, which the check does not see.",
        )
        # By the CloudFormation resource: the CDK's own grants kms:ReEncrypt* and
        # the like along with it; infra.grants has what it takes.
        lambda_.CfnEventInvokeConfig(
            self,
            "Invoke",
            function_name=function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            destination_config={
                "onFailure": {"destination": self.dead_letters.queue_arn}
            },
        )
        events.Rule(
            self,
            "Rule",
            description="An execution ended badly, perhaps without a word",
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
