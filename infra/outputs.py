"""Outputs: publish the names and addresses that clients and operators need."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Stack

from infra.credentials import Credentials
from infra.storage import Storage


def add_outputs(
    stack: Stack,
    *,
    storage: Storage,
    credentials: Credentials,
    addresses: Mapping[str, str],
) -> None:
    """Add the stack's outputs: what is stored, the secrets, and `addresses`."""
    outputs = {
        "InboxBucket": storage.inbox.bucket_name,
        "ResultsBucket": storage.results.bucket_name,
        "JobsTable": storage.jobs.table_name,
        "NoticesTopicArn": storage.notices.topic_arn,
        "DataKeyArn": storage.key.key_arn,
        **addresses,
    }
    for provider, secret in credentials.secrets.items():
        outputs[f"{provider.capitalize()}SecretArn"] = secret.secret_arn
    for provider, secret in credentials.webhooks.items():
        outputs[f"{provider.capitalize()}WebhookSecretArn"] = secret.secret_arn
    for name, value in outputs.items():
        CfnOutput(stack, name, value=value)
