"""Settings: read once, whole, or refused with all that is missing."""

import json
from typing import Any

import pytest

from functions.aws.settings import read
from functions.core.errors import SettingsMissing
from functions.core.schedule import Policy

PROVIDER: dict[str, Any] = {
    "secret": "arn:secret",
    "types": ["email", "phone"],
    "endings": [".csv"],
    "batches": [],
    "max_batch_requests": 0,
    "max_upload_bytes": 100,
    "settle_seconds": 360,
    "poll": {"first_seconds": 7},
    "base_url": "https://provider.example",
}


def environment(provider: object) -> dict[str, str]:
    """Make an environment with one provider."""
    return {"COURIER_PROVIDERS": json.dumps({"p": provider})}


def test_settings_are_read_as_infra_writes_them() -> None:
    """What the adapter needs besides is handed on whole."""
    settings = read({**environment(PROVIDER), "COURIER_TABLE": "jobs"}, "COURIER_TABLE")

    known = settings.providers["p"]
    assert settings.table == "jobs"
    assert (known.secret, known.types) == ("arn:secret", ("email", "phone"))
    assert (known.max_upload_bytes, known.settle_seconds) == (100, 360)
    assert known.policy == Policy(first_seconds=7)
    assert known.adapter == PROVIDER


def test_what_is_not_needed_may_lack() -> None:
    """Each function is given only what it uses."""
    settings = read({})

    assert (settings.table, settings.results_bucket, settings.state_machine) == (
        "",
        "",
        "",
    )
    assert settings.providers == {}


def test_all_that_is_missing_is_named_at_once() -> None:
    """A deployment is mended in one go, not in three."""
    with pytest.raises(SettingsMissing, match=r"not set: A, B$"):
        read({"A": "", "C": "there"}, "C", "B", "A")


@pytest.mark.parametrize("lacking", [name for name in PROVIDER if name != "base_url"])
def test_what_a_provider_lacks_is_named(lacking: str) -> None:
    """The name is half of the cure."""
    described = {name: value for name, value in PROVIDER.items() if name != lacking}

    with pytest.raises(SettingsMissing, match=lacking):
        read(environment(described))


@pytest.mark.parametrize(
    "providers",
    [
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="a list"),
        pytest.param('{"p": 1}', id="a number for a provider"),
        pytest.param(json.dumps({"p": {**PROVIDER, "poll": {"no": 1}}}), id="new poll"),
        pytest.param(json.dumps({"p": {**PROVIDER, "types": None}}), id="no types"),
    ],
)
def test_another_form_is_refused(providers: str) -> None:
    """It comes from infra alone; anything else is half a deployment."""
    with pytest.raises(SettingsMissing, match="COURIER_PROVIDERS"):
        read({"COURIER_PROVIDERS": providers})
