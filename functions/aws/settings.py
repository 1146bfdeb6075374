"""Settings: the only reader of the environment."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.core.errors import SettingsMissing
from functions.core.rate_limit import RateLimit
from functions.core.schedule import Policy
from functions.core.signatures import SignatureScheme


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """What the steps need to know of a provider; `adapter` is for its adapter.

    `batches` are the endings of files that hold many requests, one a row. `rate`
    bounds submissions; None where the provider is not known to. `webhook` says how
    its webhooks are signed; None refuses them all.
    """

    secret: str
    types: tuple[str, ...]
    endings: tuple[str, ...]
    batches: tuple[str, ...]
    max_batch_requests: int
    max_upload_bytes: int
    settle_seconds: float
    policy: Policy
    rate: RateLimit | None
    webhook: SignatureScheme | None
    webhook_secret: str
    adapter: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FunctionSettings:
    """The environment of a function; what a function does not need is empty."""

    table: str
    waits: str
    keep_days: int  # how long the jobs table keeps a job
    inbox_bucket: str
    results_bucket: str
    state_machine: str
    topic: str
    providers: Mapping[str, ProviderSettings]

    @property
    def types(self) -> dict[str, tuple[str, ...]]:
        """What each provider takes."""
        return {name: known.types for name, known in self.providers.items()}

    @property
    def endings(self) -> dict[str, tuple[str, ...]]:
        """How the names of each provider's files end."""
        return {name: known.endings for name, known in self.providers.items()}


def read(environment: Mapping[str, str], *needed: str) -> FunctionSettings:
    """Read the settings, insisting on those that are needed.

    Raises:
        SettingsMissing: Some are not there, or not of the form that infra writes;
            all of the missing are named at once.
    """
    missing = sorted(name for name in needed if not environment.get(name))
    if missing:
        raise SettingsMissing(f"not set: {', '.join(missing)}")
    try:
        providers = {
            name: _provider(described)
            for name, described in json.loads(
                environment.get("COURIER_PROVIDERS") or "{}"
            ).items()
        }
    except (ValueError, TypeError, AttributeError):
        raise SettingsMissing("COURIER_PROVIDERS is not the JSON of infra") from None
    except KeyError as error:
        raise SettingsMissing(f"COURIER_PROVIDERS lacks {error}") from None
    return FunctionSettings(
        table=environment.get("COURIER_TABLE", ""),
        waits=environment.get("COURIER_WAITS", ""),
        keep_days=int(environment.get("COURIER_KEEP_DAYS") or 0),
        inbox_bucket=environment.get("COURIER_INBOX_BUCKET", ""),
        results_bucket=environment.get("COURIER_RESULTS_BUCKET", ""),
        state_machine=environment.get("COURIER_STATE_MACHINE", ""),
        topic=environment.get("COURIER_TOPIC", ""),
        providers=providers,
    )


@cache
def of_this_function(*needed: str) -> FunctionSettings:
    """Read this function's environment, once."""
    return read(os.environ, *needed)


def stage() -> str:
    """Give the stage's name, by which the metrics of several are told apart."""
    return os.environ.get("COURIER_STAGE") or "none"


def _provider(described: Mapping[str, Any]) -> ProviderSettings:
    # What is null there does not come through the CDK.
    rate, webhook = described.get("rate"), described.get("webhook")
    return ProviderSettings(
        secret=described["secret"],
        types=tuple(described["types"]),
        endings=tuple(described["endings"]),
        batches=tuple(described["batches"]),
        max_batch_requests=described["max_batch_requests"],
        max_upload_bytes=described["max_upload_bytes"],
        settle_seconds=described["settle_seconds"],
        policy=Policy(**described["poll"], uses_webhook=webhook is not None),
        rate=RateLimit(**rate) if rate else None,
        webhook=SignatureScheme.from_json(webhook) if webhook else None,
        webhook_secret=described.get("webhook_secret", ""),
        adapter=described,
    )
