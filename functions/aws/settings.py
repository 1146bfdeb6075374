"""Settings: the environment of a function, read in this module only."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from functions.core import keys
from functions.core.errors import SettingsMissing
from functions.core.provider_settings import ProviderSettings, parse_providers
from functions.core.settings_parser import ConfigError


@dataclass(frozen=True, kw_only=True)
class FunctionSettings:
    """The environment of a function; what a function does not need is empty."""

    jobs_table: str
    jobs_retention_days: int
    waits_table: str
    inbox_bucket: str
    results_bucket: str
    state_machine: str
    notices_topic: str
    memory_table: str
    memory_secret: str
    check_function: str
    show_file_names: bool
    spreadsheet_safe: bool
    notice_receivers: str  # JSON, see functions.core.notice_receivers
    providers: Mapping[str, ProviderSettings]

    @property
    def types(self) -> dict[str, tuple[str, ...]]:
        """The types of verification by provider."""
        return {name: settings.types for name, settings in self.providers.items()}

    @property
    def extensions(self) -> dict[str, tuple[str, ...]]:
        """The file extensions by provider."""
        return {name: settings.extensions for name, settings in self.providers.items()}


def read(environment: Mapping[str, str], *needed: str) -> FunctionSettings:
    """Return the settings in an environment; `needed` variables have to be there.

    Raises:
        SettingsMissing: Some are missing (all of them are named), or the providers'
            settings are not what infra writes.
    """
    if missing := sorted(name for name in needed if not environment.get(name)):
        raise SettingsMissing(f"not set: {', '.join(missing)}")
    return FunctionSettings(
        jobs_table=environment.get(keys.ENV_JOBS_TABLE, ""),
        jobs_retention_days=int(environment.get(keys.ENV_JOBS_RETENTION_DAYS) or 0),
        waits_table=environment.get(keys.ENV_WAITS_TABLE, ""),
        inbox_bucket=environment.get(keys.ENV_INBOX_BUCKET, ""),
        results_bucket=environment.get(keys.ENV_RESULTS_BUCKET, ""),
        state_machine=environment.get(keys.ENV_STATE_MACHINE, ""),
        notices_topic=environment.get(keys.ENV_NOTICES_TOPIC, ""),
        memory_table=environment.get(keys.ENV_MEMORY_TABLE, ""),
        memory_secret=environment.get(keys.ENV_MEMORY_SECRET, ""),
        check_function=environment.get(keys.ENV_CHECK_FUNCTION, ""),
        spreadsheet_safe=environment.get(keys.ENV_SPREADSHEET_SAFE) == "true",
        notice_receivers=environment.get(keys.ENV_NOTICE_RECEIVERS, ""),
        show_file_names=environment.get(keys.ENV_SHOW_FILE_NAMES) != "false",
        providers=parsed_providers(environment.get(keys.ENV_PROVIDERS) or "{}"),
    )


@cache
def parsed_providers(text: str) -> Mapping[str, ProviderSettings]:
    """Return the providers' settings in a variable, parsed once for all who need them.

    Raises:
        SettingsMissing: They are not what infra writes.
    """
    try:
        return parse_providers(json.loads(text), where=keys.ENV_PROVIDERS)
    except ValueError:
        raise SettingsMissing(f"{keys.ENV_PROVIDERS} is not JSON") from None
    except ConfigError as error:
        raise SettingsMissing(str(error)) from None


@cache
def function_settings(*needed: str) -> FunctionSettings:
    """Return the settings of this function, read once for each set of `needed`."""
    return read(os.environ, *needed)


def provider_settings(name: str) -> ProviderSettings:
    """Return the settings of a provider."""
    return function_settings(keys.ENV_PROVIDERS).providers[name]


def stage() -> str:
    """Return the stage's name, the dimension that tells its metrics from others'."""
    return os.environ.get(keys.ENV_STAGE) or "none"
