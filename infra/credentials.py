"""Credentials: the providers' secrets, created empty.

Neither a value nor a generator is given, so the secret exists without one until
a person puts the provider's key in; nothing that looks like a key is ever in the
template, and a forgotten key fails as "no value", not as a wrong one.
"""

from collections.abc import Mapping

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from functions.core.provider_settings import ProviderSettings
from infra.nag import acknowledge


class Credentials(Construct):
    """The providers' keys by provider, and what webhooks are signed with."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        providers: Mapping[str, ProviderSettings],
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.secrets: dict[str, secretsmanager.ISecret] = {
            provider: self._secret(provider, key, removal_policy)
            for provider in providers
        }
        #: What webhooks are signed with, of those providers that send any.
        self.webhooks: dict[str, secretsmanager.ISecret] = {
            name: self._secret(f"{name} webhook", key, removal_policy)
            for name, provider in providers.items()
            if provider.sends_webhooks
        }

    def _secret(
        self, whose: str, key: kms.IKey, removal_policy: RemovalPolicy
    ) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            "".join(word.capitalize() for word in whose.split()),
            description=f"The secret of {whose}: put it in after the deployment",
            encryption_key=key,
            removal_policy=removal_policy,
        )
        resource = secret.node.default_child
        assert isinstance(resource, secretsmanager.CfnSecret)  # noqa: S101 - tells mypy what it is
        resource.generate_secret_string = None
        acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "The provider has no call to rotate its key; docs/operations.md says how "
            "a person does, and the functions take up a new key without a deployment.",
        )
        return secret
