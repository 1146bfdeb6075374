"""The settings of a stage: complete, typed, and refused by name where they are not."""

from copy import deepcopy
from typing import Any

import pytest

from functions.core.settings_parser import ConfigError
from infra import config

IPQS = ("every_stage", "providers", "ipqs")
PROD = ("stages", "prod")


@pytest.fixture
def settings() -> dict[str, Any]:
    """Return the settings of cdk.json, to be changed by the test."""
    settings: dict[str, Any] = deepcopy(config.context()["courier"])
    return settings


def put(settings: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    """Put a value deep into the settings."""
    *way, last = path
    for name in way:
        settings = settings.setdefault(name, {})
    settings[last] = value


@pytest.mark.parametrize("name", ["dev", "prod", "local"])
def test_every_stage_of_ours_is_sound(settings: dict[str, Any], name: str) -> None:
    """A stage that nobody deployed for a while still deploys."""
    assert config.stage(name, settings).name == name


def test_a_stage_says_only_how_it_differs(settings: dict[str, Any]) -> None:
    """However deep: local changes numbers of the poll and keeps the others."""
    shared = config.stage("dev", settings).providers["ipqs"].poll
    local = config.stage("local", settings).providers["ipqs"].poll

    assert (shared.first_seconds, local.first_seconds) == (12, 2)
    assert local.growth == shared.growth


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        pytest.param(
            (*IPQS, "settle_seconds"),
            "6 min",
            r"providers\.ipqs\.settle_seconds: must be a whole number, not '6 min'",
            id="text for a number",
        ),
        pytest.param(
            (*IPQS, "list_pages"),
            True,
            r"providers\.ipqs\.list_pages: must be a whole number, not True",
            id="truth for a number",
        ),
        pytest.param(
            (*IPQS, "types"),
            ["email", 4],
            r"providers\.ipqs\.types\[1\]: must be a text, not 4",
            id="number for a text",
        ),
        pytest.param(
            (*IPQS, "download_hosts"),
            "downloads.example.com",
            r"providers\.ipqs\.download_hosts: must be a list",
            id="text for a list",
        ),
        pytest.param(
            (*IPQS, "poll"), 5, r"poll: must be an object", id="number for an object"
        ),
        pytest.param(
            (*IPQS, "key_place", "list"),
            "cookie",
            r"key_place\.list: must be one of path, header, not 'cookie'",
            id="word that is not one of ours",
        ),
        pytest.param(
            (*PROD, "log_retention_days"),
            8,
            r"courier\.stages\.prod\.log_retention_days: must be one of 1, 7, 30",
            id="number that CloudWatch does not take",
        ),
        pytest.param(
            (*PROD, "log_retenton_days"),
            7,
            r"courier\.stages\.prod: unknown log_retenton_days",
            id="misspelt",
        ),
        pytest.param(
            (*PROD, "reserved_concurrency", "chekc"),
            7,
            r"prod\.reserved_concurrency: no function 'chekc'",
            id="function that there is not",
        ),
        pytest.param(
            (*PROD, "intake_max_concurrency"),
            11,
            r"prod\.intake_max_concurrency: must be from 2, .* reserved \(10\)",
            id="more than what is reserved",
        ),
        pytest.param(
            (*PROD, "intake_max_concurrency"),
            1,
            r"prod\.intake_max_concurrency: must be from 2",
            id="less than SQS takes",
        ),
    ],
)
def test_a_bad_setting_is_named(
    settings: dict[str, Any], path: tuple[str, ...], value: object, complaint: str
) -> None:
    """Whoever reads the message knows what to change in cdk.json, and where."""
    put(settings, path, value)

    with pytest.raises(ConfigError, match=complaint):
        config.stage("prod", settings)


def test_missing_settings_are_named_all_at_once(settings: dict[str, Any]) -> None:
    """One deployment to find them, not one for each."""
    del settings["every_stage"]["providers"]["ipqs"]["poll"]["growth"]
    del settings["every_stage"]["providers"]["ipqs"]["poll"]["jitter"]

    with pytest.raises(ConfigError, match=r"ipqs\.poll: missing growth, jitter"):
        config.stage("prod", settings)


def test_an_unknown_stage_is_answered_with_the_known(settings: dict[str, Any]) -> None:
    """A typing mistake must not make a stack of its own."""
    with pytest.raises(ConfigError, match=r"no stage 'prd'; cdk.json has dev, prod"):
        config.stage("prd", settings)


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_deployed_stage_cannot_let_simulators_in(
    settings: dict[str, Any], name: str
) -> None:
    """It would take plain http and addresses of the machine it runs on."""
    put(settings, ("stages", name, "providers", "ipqs", "loopback"), value=True)

    with pytest.raises(ConfigError, match=r"ipqs\.loopback: only the stage 'local'"):
        config.stage(name, settings)


@pytest.mark.parametrize("url", ["http://www.ipqualityscore.com", "//x", "HTTP://x"])
def test_a_provider_is_spoken_to_over_tls(settings: dict[str, Any], url: str) -> None:
    """Its key is in every request."""
    put(settings, (*IPQS, "base_url"), url)

    with pytest.raises(ConfigError, match=r"ipqs\.base_url: must begin with https"):
        config.stage("prod", settings)


def test_the_quota_that_a_stage_needs_is_computed(settings: dict[str, Any]) -> None:
    """AWS refuses a reservation that leaves fewer than 100, minutes later."""
    reserved = {"submit": 20, "intake": 20}
    put(settings, (*PROD, "reserved_concurrency"), reserved)
    prod = config.stage("prod", settings)

    assert config.needed_concurrency(prod) == 140
    assert "the account's quota must be 140 or more" in config.quota_sentence(prod)
    assert config.quota_sentence(config.stage("dev", settings)) == ""


def test_the_document_names_the_quota_of_prod(settings: dict[str, Any]) -> None:
    """Whoever asks AWS for a quota waits for days: the number must be right."""
    needed = config.needed_concurrency(config.stage("prod", settings))
    document = (config.CDK_JSON.parent / "docs" / "deploy.md").read_text()

    assert f"`prod` reserves {needed - 100} concurrent executions" in document
    assert f"a quota of {needed} or more" in document
