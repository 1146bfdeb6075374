"""Dead letters: create queues for messages that could not be handled."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
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
