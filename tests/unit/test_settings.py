"""Settings: a function reads all that it needs, or names everything that is missing."""

import json

import pytest

from functions.aws.settings import read
from functions.core import keys
from functions.core.errors import SettingsMissing
from functions.core.provider_settings import ProviderSettings, to_json
from tests.settings import ipqs_settings, txncheck_settings

IPQS = ipqs_settings(secret="arn:secret")


def environment(ipqs: object) -> dict[str, str]:
    """Return an environment with one provider."""
    return {keys.ENV_PROVIDERS: json.dumps({"ipqs": ipqs})}


@pytest.mark.parametrize(
    ("provider", "settings"),
    [("ipqs", IPQS), ("txncheck", txncheck_settings(webhook_secret="arn:other"))],
)
def test_settings_are_read_as_infra_writes_them(
    provider: str, settings: ProviderSettings
) -> None:
    """Infra and the functions share one class for each provider, and one parser."""
    variables = {
        keys.ENV_PROVIDERS: json.dumps({provider: to_json(settings)}),
        keys.ENV_JOBS_TABLE: "jobs",
    }

    read_back = read(variables, keys.ENV_JOBS_TABLE)

    assert read_back.providers == {provider: settings}
    assert read_back.jobs_table == "jobs"


def test_the_settings_of_providers_are_parsed_once() -> None:
    """A cold start asks for five sets of settings, all with the same providers."""
    variables = {**environment(to_json(IPQS)), keys.ENV_JOBS_TABLE: "jobs"}

    first, second = read(variables), read({**variables}, keys.ENV_JOBS_TABLE)

    assert first.providers is second.providers


def test_a_setting_that_is_not_needed_may_be_missing() -> None:
    """Each function has only the variables that it uses."""
    settings = read({})

    assert (settings.jobs_table, settings.results_bucket, settings.state_machine) == (
        "",
        "",
        "",
    )
    assert settings.providers == {}


def test_all_missing_settings_are_named_at_once() -> None:
    """One deployment can then correct all of them."""
    with pytest.raises(SettingsMissing, match=r"not set: A, B$"):
        read({"A": "", "C": "there"}, "C", "B", "A")


@pytest.mark.parametrize(
    "missing",
    sorted(
        to_json(IPQS).keys()
        - {"secret", "webhook_secret", "resubmit_unlisted", "remember_days"}
        - {"approve_days", "credits_per_value", "approve_beyond_credits", "send_unfit"}
    ),
)
def test_a_missing_setting_of_a_provider_is_named(missing: str) -> None:
    """The operator learns what to set; a setting that may be null may be missing."""
    settings = {key: value for key, value in to_json(IPQS).items() if key != missing}

    if to_json(IPQS)[missing] is None:
        assert read(environment(settings)).providers["ipqs"] == IPQS
    else:
        with pytest.raises(SettingsMissing, match=missing):
            read(environment(settings))


def test_the_settings_of_an_earlier_release_are_read() -> None:
    """During a deployment, new code may run with the old environment."""
    settings = to_json(IPQS)
    settings["endings"] = settings.pop("extensions")
    del settings["resubmit_unlisted"]

    assert read(environment(settings)).providers["ipqs"] == IPQS


@pytest.mark.parametrize(
    "providers",
    [
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="a list"),
        pytest.param('{"ipqs": 1}', id="a number for a provider"),
        pytest.param('{"other": {}}', id="an unknown provider"),
        pytest.param(
            json.dumps({"ipqs": {**to_json(IPQS), "poll": {"no": 1}}}),
            id="an unknown member of poll",
        ),
        pytest.param(
            json.dumps({"ipqs": {**to_json(IPQS), "types": None}}), id="no types"
        ),
    ],
)
def test_malformed_provider_settings_are_refused(providers: str) -> None:
    """Only infra writes them, so anything else is a deployment that went wrong."""
    with pytest.raises(SettingsMissing, match=keys.ENV_PROVIDERS):
        read({keys.ENV_PROVIDERS: providers})
