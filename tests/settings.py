"""Provider settings for tests: those of the stage `dev`, with changes."""

from dataclasses import replace
from typing import Any

from functions.core.provider_settings import (
    IpqsSettings,
    ProviderSettings,
    TxncheckSettings,
)
from functions.core.schedule import Policy
from infra import config

#: The policy of tests that do not depend on its numbers.
POLICY = Policy(
    first_seconds=5.0,
    floor_seconds=5.0,
    growth=0.1,
    cap_seconds=900.0,
    jitter=0.1,
    hint_min_seconds=1.0,
    hint_max_seconds=3600.0,
    deadline_seconds=86_400.0,
)


def ipqs_settings(**changes: Any) -> IpqsSettings:  # noqa: ANN401 - replace checks the names
    """Return the settings of IPQS in the stage `dev`, with changes."""
    settings = _deployed("ipqs")
    assert isinstance(settings, IpqsSettings)
    return replace(settings, **changes)


def txncheck_settings(**changes: Any) -> TxncheckSettings:  # noqa: ANN401 - replace checks the names
    """Return the settings of TxnCheck in the stage `dev`, with changes."""
    settings = _deployed("txncheck")
    assert isinstance(settings, TxncheckSettings)
    return replace(settings, **changes)


def _deployed(provider: str) -> ProviderSettings:
    return config.stage("dev", config.context()["courier"]).providers[provider]
