"""Credentials: create the secrets of providers, receivers and the verdict memory.

An operator sets those of others after the deployment. So the template contains nothing
that looks like a key, and a forgotten key is reported as missing, not as wrong.
"""

from collections.abc import Iterable, Mapping

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from functions.core.provider_settings import ProviderSettings
from infra.nag import acknowledge


class Credentials(Construct):
    """The providers' API keys and webhook secrets, by provider; the memory's own."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        providers: Mapping[str, ProviderSettings],
        notice_receivers: Iterable[str],
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.secrets: dict[str, secretsmanager.ISecret] = {
            provider: self._secret(provider, key, removal_policy)
            for provider in providers
        }
        #: The keys that sign webhooks, of those providers that can send webhooks.
        self.webhooks: dict[str, secretsmanager.ISecret] = {
            name: self._secret(f"{name} webhook", key, removal_policy)
            for name, provider in providers.items()
            if provider.sends_webhooks
        }
        #: What signs the notices to a receiver, or the receiver's address.
        self.receivers: dict[str, secretsmanager.ISecret] = {
            name: self._secret(f"{name} receiver", key, removal_policy)
            for name in notice_receivers
        }

        self.memory = self._memory_secret(key, removal_policy)

    def _memory_secret(
        self, key: kms.IKey, removal_policy: RemovalPolicy
    ) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            "Memory",
            description="What the ids of remembered verdicts are made with: leave it, "
            "since with another value none of them is found",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
            removal_policy=removal_policy,
        )
        acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "With another value nothing that is remembered is found, or forgotten.",
        )
        return secret

    def _secret(
        self, name: str, key: kms.IKey, removal_policy: RemovalPolicy
    ) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            "".join(word.capitalize() for word in name.split()),
            description=f"The secret of {name}: set its value after the deployment",
            encryption_key=key,
            removal_policy=removal_policy,
        )
        resource = secret.node.default_child
        assert isinstance(resource, secretsmanager.CfnSecret)  # noqa: S101 - for mypy
        resource.generate_secret_string = None  # the CDK would generate a value
        acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "Whose key it is has no call to rotate it. docs/operations.md says how a "
            "person does it; the functions read a new key without a deployment.",
        )
        return secret
