"""Notice forwarding: queue each notice for each receiver of the settings."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.core.keys import ENV_NOTICE_RECEIVERS
from functions.core.notice_receivers import NoticeReceiver
from infra.dead_letters import dead_letter_queue
from infra.nag import acknowledge

#: A notice that is not accepted is sent again so often, and after so long: six hours.
MAX_RECEIVES = 36
RETRY_AFTER = Duration.minutes(10)
#: How many notices are sent to one receiver at once.
MAX_CONCURRENCY = 5


class NoticeForwarding(Construct):
    """A queue for each receiver, which calls the function, and their dead letters.

    A receiver that is out of order delays no notice of another one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        receivers: Mapping[str, NoticeReceiver],
        secrets: Mapping[str, secretsmanager.ISecret],
        loopback: bool,
        topic: sns.Topic,
        function: lambda_.Function,
        key: kms.Key,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = function
        self.dead_letters = dead_letter_queue(
            self, key=key, removal_policy=removal_policy
        )
        self._topic = topic
        self._key = key
        self._removal_policy = removal_policy
        self.queues = {name: self._queue(name) for name in receivers}
        function.add_environment(
            ENV_NOTICE_RECEIVERS,
            Stack.of(self).to_json_string(
                {
                    queue.queue_arn: asdict(
                        replace(
                            receivers[name],
                            secret=secrets[name].secret_arn,
                            loopback=loopback,
                        )
                    )
                    for name, queue in self.queues.items()
                }
            ),
        )
        acknowledge(
            function,
            "Serverless-LambdaEventSourceMappingDestination",
            "SQS sources have none: failed messages go to the dead-letter queue.",
        )
        # By a pattern, because the topic has the key, and the key must not need it.
        topics = Stack.of(self).format_arn(
            service="sns", resource=f"{Stack.of(self).stack_name}-*"
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="NoticesOfThisStack",
                principals=[iam.ServicePrincipal("sns.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],  # in a key's policy: the key itself
                conditions={"ArnLike": {"aws:SourceArn": topics}},
            )
        )

    def _queue(self, name: str) -> sqs.Queue:
        """Return a queue that gets every notice, and calls the function with it."""
        queue = sqs.Queue(
            self,
            name.capitalize(),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._key,
            enforce_ssl=True,
            visibility_timeout=RETRY_AFTER,
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=MAX_RECEIVES
            ),
            removal_policy=self._removal_policy,
        )
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("sns.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": self._topic.topic_arn}},
            )
        )
        # The CDK's own subscription would let every topic use the key.
        sns.Subscription(
            queue,
            "Notices",
            topic=self._topic,
            protocol=sns.SubscriptionProtocol.SQS,
            endpoint=queue.queue_arn,
            dead_letter_queue=self.dead_letters,
        )
        # One at a time: the function's time-out is for one call to the receiver.
        self.function.add_event_source_mapping(
            f"Notices{name.capitalize()}",
            event_source_arn=queue.queue_arn,
            batch_size=1,
            max_concurrency=MAX_CONCURRENCY,
            report_batch_item_failures=True,
        )
        return queue
