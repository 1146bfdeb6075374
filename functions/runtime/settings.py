"""Settings: the only reader of the environment."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.core.errors import SettingsMissing
from functions.core.schedule import Policy


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """What the steps need to know of a provider; `adapter` is for its adapter."""

    secret: str
    types: tuple[str, ...]
    max_upload_bytes: int
    settle_seconds: float
    policy: Policy
    adapter: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The environment of a function; what a function does not need is empty."""

    table: str
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


def read(environment: Mapping[str, str], *needed: str) -> Settings:
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
    return Settings(
        table=environment.get("COURIER_TABLE", ""),
        keep_days=int(environment.get("COURIER_KEEP_DAYS") or 0),
        inbox_bucket=environment.get("COURIER_INBOX_BUCKET", ""),
        results_bucket=environment.get("COURIER_RESULTS_BUCKET", ""),
        state_machine=environment.get("COURIER_STATE_MACHINE", ""),
        topic=environment.get("COURIER_TOPIC", ""),
        providers=providers,
    )


@cache
def of_this_function(*needed: str) -> Settings:
    """Read this function's environment, once."""
    return read(os.environ, *needed)


def _provider(described: Mapping[str, Any]) -> ProviderSettings:
    return ProviderSettings(
        secret=described["secret"],
        types=tuple(described["types"]),
        max_upload_bytes=described["max_upload_bytes"],
        settle_seconds=described["settle_seconds"],
        policy=Policy(**described["poll"]),
        adapter=described,
    )
