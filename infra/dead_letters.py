"""Dead letters: create queues for messages that could not be handled."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.nag import acknowledge


def dead_letter_queue(
    scope: Construct, *, key: kms.IKey, removal_policy: RemovalPolicy
) -> sqs.Queue:
    """Return an encrypted queue that keeps messages for two weeks."""
    queue = sqs.Queue(
        scope,
        "DeadLetters",
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        removal_policy=removal_policy,
    )
    acknowledge(
        queue,
        "Serverless-SQSRedrivePolicy",
        "It is a dead-letter queue itself: its messages go no further.",
    )
    return queue


def asynchronous_dead_letter_queue(
    scope: Construct,
    *,
    function: lambda_.Function,
    key: kms.IKey,
    removal_policy: RemovalPolicy,
) -> sqs.Queue:
    """Return a queue that gets the calls by EventBridge that failed three times."""
    queue = dead_letter_queue(scope, key=key, removal_policy=removal_policy)
    acknowledge(
        queue,
        "AwsSolutions-SQS3",
        "It is the dead-letter queue of a rule and of a function, which the check "
        "does not see.",
    )
    # The CDK's own on_failure would also grant kms:ReEncrypt* and the like;
    # infra.grants has what is needed.
    lambda_.CfnEventInvokeConfig(
        scope,
        "Invoke",
        function_name=function.function_name,
        qualifier="$LATEST",
        maximum_retry_attempts=2,
        destination_config={"onFailure": {"destination": queue.queue_arn}},
    )
    return queue
