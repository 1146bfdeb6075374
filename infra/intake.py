"""Intake: send each upload to the intake function, at least once."""

from collections.abc import Iterable

from aws_cdk import Duration, Names, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.dead_letters import dead_letter_queue
from infra.nag import acknowledge

#: How often a message is tried before it becomes a dead letter.
MAX_RECEIVES = 5


class Intake(Construct):
    """The rule and the queues between the inbox and the function."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        inbox: s3.IBucket,
        providers: Iterable[str],
        function: lambda_.Function,
        max_concurrency: int,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        assert function.timeout is not None  # noqa: S101 - infra.functions sets it
        self.dead_letters = dead_letter_queue(
            self, key=key, removal_policy=removal_policy
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            # AWS advises six times the time-out, so that messages stay hidden while
            # Lambda retries a throttled function.
            visibility_timeout=Duration.seconds(6 * function.timeout.to_seconds()),
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=MAX_RECEIVES
            ),
            removal_policy=removal_policy,
        )
        events.Rule(
            self,
            "Rule",
            description="A list was uploaded to the inbox",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [inbox.bucket_name]},
                    "object": {"key": [{"prefix": f"{name}/"} for name in providers]},
                },
            ),
            targets=[targets.SqsQueue(self.queue, dead_letter_queue=self.dead_letters)],
        )
        # The CDK's own event source would grant more than infra.grants does; its name
        # keeps the id of earlier releases.
        function.add_event_source_mapping(
            f"SqsEventSource:{Names.node_unique_id(self.queue.node)}",
            event_source_arn=self.queue.queue_arn,
            batch_size=10,
            max_concurrency=max_concurrency,
            report_batch_item_failures=True,
        )
        acknowledge(
            function,
            "Serverless-LambdaEventSourceMappingDestination",
            "SQS sources have none: failed messages go to the dead-letter queue.",
        )
