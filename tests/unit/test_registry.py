"""Registry: each provider's settings lead to its own adapter."""

from dataclasses import fields

import pytest

from functions.core.provider_settings import PROVIDERS, ProviderSettings
from functions.providers import registry
from functions.providers.ipqs.adapter import Ipqs
from functions.providers.txncheck.adapter import Txncheck
from functions.providers.txncheck.webhooks import parse_webhook
from tests.settings import ipqs_settings, txncheck_settings


def _no_secret(_fresh: bool) -> str:
    raise AssertionError("a secret was read before a call needed it")


_CREDENTIALS = registry.ProviderCredentials(api_key=_no_secret, api_secret=_no_secret)


def test_every_provider_has_an_adapter() -> None:
    """Building one reads no secret, so that a missing secret fails in the step."""
    adapters = {
        name: type(registry.adapter(settings, _CREDENTIALS, now=lambda: 0.0))
        for name, settings in (
            ("ipqs", ipqs_settings()),
            ("txncheck", txncheck_settings()),
        )
    }

    assert adapters == {"ipqs": Ipqs, "txncheck": Txncheck}
    assert adapters.keys() == PROVIDERS.keys()


def test_only_a_provider_of_single_requests_takes_batches() -> None:
    """A list is submitted whole; sent row by row it would be paid for row by row."""
    batches = registry.batch_adapter(txncheck_settings(), _CREDENTIALS, now=lambda: 0.0)

    assert isinstance(batches, Txncheck)
    with pytest.raises(ValueError, match="no batches"):
        registry.batch_adapter(ipqs_settings(), _CREDENTIALS, now=lambda: 0.0)


def test_settings_without_an_adapter_are_refused() -> None:
    """A new provider that was forgotten in the registry is named at its first job."""
    known = ipqs_settings()
    unknown = ProviderSettings(
        **{field.name: getattr(known, field.name) for field in fields(ProviderSettings)}
    )

    with pytest.raises(ValueError, match="no adapter"):
        registry.adapter(unknown, _CREDENTIALS, now=lambda: 0.0)


def test_webhooks_are_parsed_where_the_settings_say_that_they_are_sent() -> None:
    """The settings class and the registry must not disagree on who sends webhooks."""
    parsers = {name: registry.webhook_parser(name) for name in PROVIDERS}

    assert {name for name, parser in parsers.items() if parser} == {
        name for name, settings in PROVIDERS.items() if settings.sends_webhooks
    }
    assert parsers["txncheck"] is parse_webhook
    assert registry.webhook_parser("nobody") is None
