"""Adapters: build each provider's adapter once, with its settings and its secret."""

from functools import cache

from functions.aws import clock
from functions.aws.secret import Secret
from functions.aws.settings import provider_settings
from functions.providers import registry
from functions.providers.protocol import BatchProvider, CreditProvider, Provider


@cache
def adapter_for(provider: str) -> Provider:
    """Return the adapter of a provider."""
    settings = provider_settings(provider)
    return registry.adapter(settings, _credentials(settings.secret), now=clock.now)


@cache
def batch_adapter_for(provider: str) -> BatchProvider:
    """Return the adapter of a provider that takes batches."""
    settings = provider_settings(provider)
    return registry.batch_adapter(
        settings, _credentials(settings.secret), now=clock.now
    )


@cache
def credit_adapter_for(provider: str) -> CreditProvider:
    """Return the adapter of a provider that says how many credits are left."""
    settings = provider_settings(provider)
    return registry.credit_adapter(
        settings, _credentials(settings.secret), now=clock.now
    )


def _credentials(secret_id: str) -> registry.ProviderCredentials:
    secret = Secret.from_id(secret_id)
    return registry.ProviderCredentials(
        api_key=secret.api_key, api_secret=secret.api_secret
    )
