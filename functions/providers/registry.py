"""Registry: build the adapter of a provider from its settings.

Adapters are imported when they are built, so that a function without a provider loads
neither an adapter nor `requests`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.core.provider_settings import (
    IpqsSettings,
    ProviderSettings,
    TxncheckSettings,
)
from functions.providers.protocol import (
    BatchProvider,
    CreditProvider,
    Provider,
    WebhookEvent,
)

if TYPE_CHECKING:
    from functions.providers.ipqs.adapter import Ipqs
    from functions.providers.transport.http import HttpClient
    from functions.providers.txncheck.adapter import Txncheck


@dataclass(frozen=True)
class ProviderCredentials:
    """A provider's credentials, each a function of whether to read it anew.

    `api_secret` is called only where the settings say that requests are signed.
    """

    api_key: Callable[[bool], str]
    api_secret: Callable[[bool], str]


def adapter(
    settings: ProviderSettings,
    credentials: ProviderCredentials,
    *,
    now: Callable[[], float],
) -> Provider:
    """Return the adapter for a provider's settings. A new provider is a case here."""
    match settings:
        case IpqsSettings():
            return _ipqs(settings, credentials, now)
        case TxncheckSettings():
            return _txncheck(settings, credentials, now)
        case _:
            raise ValueError("no adapter for these settings")


def batch_adapter(
    settings: ProviderSettings,
    credentials: ProviderCredentials,
    *,
    now: Callable[[], float],
) -> BatchProvider:
    """Return the adapter for a provider's settings, where it takes batches."""
    match settings:
        case TxncheckSettings():
            return _txncheck(settings, credentials, now)
        case _:
            raise ValueError("this provider takes no batches")


def credit_adapter(
    settings: ProviderSettings,
    credentials: ProviderCredentials,
    *,
    now: Callable[[], float],
) -> CreditProvider:
    """Return the adapter for a provider's settings, where it `tells_credits`."""
    match settings:
        case IpqsSettings():
            return _ipqs(settings, credentials, now)
        case _:
            raise ValueError("this provider does not tell credits")


def webhook_parser(provider: str) -> Callable[[bytes], WebhookEvent | None] | None:
    """Return the parser of a provider's webhooks; None where it sends none."""
    match provider:
        case "txncheck":
            from functions.providers.txncheck.webhooks import (  # noqa: PLC0415 - by need
                parse_webhook,
            )

            return parse_webhook
        case _:
            return None


def _ipqs(
    settings: IpqsSettings, credentials: ProviderCredentials, now: Callable[[], float]
) -> "Ipqs":
    from functions.providers.ipqs.adapter import Ipqs  # noqa: PLC0415 - by need

    http = _http_client(settings)
    return Ipqs(settings, http=http, key=credentials.api_key, now=now)


def _txncheck(
    settings: TxncheckSettings,
    credentials: ProviderCredentials,
    now: Callable[[], float],
) -> "Txncheck":
    from functions.providers.txncheck.adapter import Txncheck  # noqa: PLC0415 - by need

    return Txncheck(
        settings,
        http=_http_client(settings),
        key=credentials.api_key,
        signing_secret=credentials.api_secret,
        now=now,
    )


def _http_client(settings: ProviderSettings) -> "HttpClient":
    from functions.providers.transport.connection import (  # noqa: PLC0415 - by need
        verified_tls_context,
    )
    from functions.providers.transport.http import HttpClient  # noqa: PLC0415 - by need

    return HttpClient(tls=verified_tls_context(), loopback=settings.loopback)
